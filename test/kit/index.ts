/**
 * A Clerk emulator, paths through the auth machine, and tests for a store or a system of your own.
 *
 * @module authchart/testing
 */

export * from './clerk-emulator/index.ts'
export * from './conformance/index.ts'
export { authPath, authPaths } from './auth-paths.ts'
export type { AuthPath, AuthPathsOptions } from './auth-paths.ts'
export { createAuthModel, modelRandom, modelTombstone } from './auth-model.ts'
export type { AuthModel, AuthModelEvent, AuthModelOptions, ModelTime, ModelTrace } from './auth-model.ts'
export { replayTrace } from './replay-trace.ts'
export { createTestRecord, testSessionStore } from './session-store-tests.ts'
export type { SessionStoreTest, SessionStoreTestOptions } from './session-store-tests.ts'
