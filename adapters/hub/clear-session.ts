import { toAuthError } from '../../machines/auth-error.ts'
import type { AuthError } from '../../machines/auth-error.ts'
import { toUncheckedView } from '../../machines/auth-view.ts'
import { withDeadline } from './deadline.ts'
import { isOutdated, toRotated } from './hub-requests.ts'
import type { ClearRequest, HubAnswer, HubParts } from './hub-requests.ts'
import type { LiveSession } from './live-session.ts'
import { toAliases } from './session-cookies.ts'
import type { FoundSession } from './session-cookies.ts'
import type { Grave } from './session-store.ts'
import { requireStore } from './store-gate.ts'
import { toGrave } from './undertaker.ts'

/** → signs a session out, here at once, and answers when that holds everywhere. */
export function createClearSession(parts: HubParts): (request: ClearRequest) => Promise<HubAnswer> {
  const { life, lookup, undertaker, store, verifyTimeout, clockTolerance, clock, serve } = parts

  /** → null, or what keeps it from being certain that no token signs this browser's user in again. */
  async function signOut({ session, alias }: FoundSession, named: string | undefined): Promise<AuthError | null> {
    const { sessionId } = session.view()
    if (sessionId !== null && named !== undefined && sessionId !== named) return null
    const grave = toProvenGrave(session, named)
    if (grave) session.seat.isGraveOwed = true
    for (const token of session.end('cleared', named)) undertaker.identify(session, token, named)
    const [buried, learnt] = await Promise.all([
      grave ? buryOnce(session, grave) : buryStored(alias, named),
      withDeadline(verifyTimeout, async () => undertaker.settled(session)).catch(toAuthError),
    ])
    await life.records.keep(session)
    return buried ?? learnt
  }

  /** Once stored, a repeated sign-out must not bury what the Clerk session has issued to others since. */
  async function buryOnce({ seat }: LiveSession, grave: Grave): Promise<AuthError | null> {
    const { lastProven } = seat
    const error = await buryProof(grave, lastProven?.issuedAt ?? 0)
    if (!error && seat.lastProven === lastProven) {
      seat.lastProven = null
      seat.isGraveOwed = false
    }
    return error
  }

  /** Of many sessions of one Clerk session that are signed out, the first one leaves a tombstone, and the rest wait for it. */
  async function buryProof(grave: Grave, issuedAt: number): Promise<AuthError | null> {
    if (!store.buried({ userId: '', sessionId: grave.id, issuedAt })) return life.bury(grave)
    try {
      await undertaker.stored('session', grave.id)
      return null
    } catch {
      return life.bury(grave)
    }
  }

  /** Nothing is known here of the Clerk session that is to end: another node may have signed it in, and stored that. */
  async function buryStored(alias: string, named: string | undefined): Promise<AuthError | null> {
    if (named === undefined) return null
    try {
      const stored = await lookup.findStored(alias)
      if (stored?.sessionId !== named || stored.issuedAt === null) return null
      return await life.bury(toClearGrave(named, stored.issuedAt, stored.expiresAt))
    } catch (error) {
      return toAuthError(error)
    }
  }

  function toProvenGrave(session: LiveSession, named: string | undefined): Grave | null {
    const { lastProven } = session.seat
    if (!lastProven || (named !== undefined && named !== lastProven.sessionId)) return null
    return toClearGrave(lastProven.sessionId, lastProven.issuedAt, session.view().expiresAt)
  }

  function toClearGrave(id: string, issuedAt: number, expiresAt: number | null): Grave {
    const now = clock()
    // Clerk's clock may be ahead of this one: the proof itself is refused in any case.
    const clearedAt = Math.max(now, issuedAt)
    return toGrave({ kind: 'session', id, clearedAt }, now, (expiresAt ?? 0) + clockTolerance)
  }

  return async ({ cookieIds, tab, seq, sessionId }) => {
    const found = await lookup.find(cookieIds)
    // Another node may have signed it in while the store was away: then it is not over because it is not there.
    if (!found && toAliases(cookieIds).length > 0) await requireStore(store, 'settled')
    if (!found) return { view: { ...toUncheckedView(clock()), state: 'signedOut', authChecked: true }, error: null }
    if (found.retired) throw toRotated()
    const { session } = found
    return serve(session, async () => {
      session.seat.budget.spend(clock())
      const error = session.seat.seqs.accept(tab, seq) ? await signOut(found, sessionId) : null
      const view = session.view()
      // Somebody else signed in meanwhile: not for whoever had the cookie before.
      if (view.userId !== null && isOutdated(life, found.alias)) throw toRotated()
      return { view, error }
    })
  }
}
