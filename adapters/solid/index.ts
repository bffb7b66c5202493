/**
 * A signal for Solid.
 *
 * @module authchart/solid
 */

export { createAuthSignal } from './auth-signal.ts'
export type { ShownAuth } from '../browser/shown-auth.ts'
