import type { SessionState } from './session-state.ts'

/** Notes that a request asks for a session, or that its last stream has ended. */
export function noteUse(state: SessionState) {
  state.usedAt = performance.now()
}

/** Notes that a request has brought the cookie, so that its browser keeps cookies. @returns true if that is new */
export function claim(state: SessionState): boolean {
  const { isUnclaimed } = state
  state.isUnclaimed = false
  return isUnclaimed
}
