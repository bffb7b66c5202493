export { createAuthSignal } from './auth-signal.ts'
export type { ShownAuth } from '../browser/shown-auth.ts'
