import type { SessionLifecycle } from '../node/session-lifecycle.ts'
import type { SessionLifetimes } from '../node/session-lifetimes.ts'
import type { LiveSession } from '../session/live-session.ts'

export interface NoteUseOptions {
  readonly lifecycle: Pick<SessionLifecycle, 'registry' | 'records'>
  /** Null if sessions may last as long as they are renewed. */
  readonly lifetimes: SessionLifetimes | null
  /** Epoch ms. */
  readonly clock: () => number
}

/** Creates the function that notes that the app has let in a request of a session. */
export function createNoteUse({ lifecycle, lifetimes, clock }: NoteUseOptions): (session: LiveSession) => void {
  return (session) => {
    const { signIn } = session.state
    if (!signIn || !session.identity.isSignedIn) return
    const now = clock()
    if (!lifetimes) signIn.usedAt = now
    else if (lifetimes.use(signIn, now) && lifecycle.registry.has(session)) void lifecycle.records.keep(session)
  }
}
