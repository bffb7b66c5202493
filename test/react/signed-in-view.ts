import { toUncheckedView, type AuthView } from '../../machines/index.ts'

/** Returns the view of a signed-in user that a server renders a page with. `now` and `expiresAt` are epoch ms. */
export function createSignedInView(now: number, expiresAt: number): AuthView {
  return {
    ...toUncheckedView(now),
    channel: 'n.c',
    rev: 1,
    state: 'signedIn',
    isSignedIn: true,
    authChecked: true,
    userId: 'user_ada',
    sessionId: 'sess_1',
    expiresAt,
  }
}
