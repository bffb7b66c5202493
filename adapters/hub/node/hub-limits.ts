import type { SessionLimits } from './session-bounds.ts'

/** The most that one node holds. Each limit is a whole number above 0. */
export interface HubLimits extends SessionLimits {
  /** Number of sessions that a node holds at most; default 100 000. */
  readonly sessions: number
  /** Number of streams that a session may have open; default 16. */
  readonly streamsPerSession: number
  /** Number of requests that a session may make per minute; default 60. */
  readonly requestsPerSession: number
}
