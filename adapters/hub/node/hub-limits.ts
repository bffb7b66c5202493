import type { SessionLimits } from './session-bounds.ts'

export interface HubLimits extends SessionLimits {
  /** Sessions a node holds at most. */
  readonly sessions: number
  readonly streamsPerSession: number
  /** Requests a session may make in a minute. */
  readonly requestsPerSession: number
}
