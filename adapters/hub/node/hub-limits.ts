import type { SessionLimits } from './session-bounds.ts'

export interface HubLimits extends SessionLimits {
  /** The most sessions that a node holds. */
  readonly sessions: number
  readonly streamsPerSession: number
  /** The requests that a session may make per minute. */
  readonly requestsPerSession: number
}
