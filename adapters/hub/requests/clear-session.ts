import { toAuthError } from '../../../machines/auth-error.ts'
import type { AuthError } from '../../../machines/auth-error.ts'
import { toUncheckedView } from '../../../machines/auth-view.ts'
import { withDeadline } from '../../timing/with-deadline.ts'
import { toRotated } from '../cookies/cookie-rotation.ts'
import type { ClearRequest, HubAnswer, HubParts } from './hub-requests.ts'
import type { LiveSession } from '../session/live-session.ts'
import { toAliases } from '../cookies/cookie-index.ts'
import type { FoundSession } from '../cookies/cookie-index.ts'
import type { Tombstone } from '../store/session-store.ts'
import { requireStore } from '../store/require-store.ts'
import { toTombstone } from '../store/tombstone.ts'

/** → signs a session out, here at once, and answers when that holds everywhere. */
export function createClearSession(parts: HubParts): (request: ClearRequest) => Promise<HubAnswer> {
  const { lifecycle, lookup, revocations, store, verifyTimeout, clockTolerance, clock, serve } = parts

  /** → null, or what keeps it from being certain that no token signs this browser's user in again. */
  async function signOut({ session, alias }: FoundSession, named: string | undefined): Promise<AuthError | null> {
    const { sessionId } = session.view()
    if (sessionId !== null && named !== undefined && sessionId !== named) return null
    const tombstone = toProvenTombstone(session, named)
    if (tombstone) session.state.isTombstoneOwed = true
    for (const token of session.end('cleared', named)) revocations.identify(session, token, named)
    const [ended, learnt] = await Promise.all([
      tombstone ? endProof(session, tombstone) : endStored(alias, named),
      withDeadline(verifyTimeout, async () => revocations.settled(session)).catch(toAuthError),
    ])
    await lifecycle.records.keep(session)
    return ended ?? learnt
  }

  /** Once stored, a repeated sign-out must not end what the Clerk session has issued to others since. */
  async function endProof({ state }: LiveSession, tombstone: Tombstone): Promise<AuthError | null> {
    const { lastProven } = state
    const error = await addProofTombstone(tombstone, lastProven?.issuedAt ?? 0)
    if (!error && state.lastProven === lastProven) {
      state.lastProven = null
      state.isTombstoneOwed = false
    }
    return error
  }

  /**
   * Of many sessions of one Clerk session that are signed out, the first one leaves a tombstone, and the rest wait for
   * it.
   */
  async function addProofTombstone(tombstone: Tombstone, issuedAt: number): Promise<AuthError | null> {
    if (!store.findTombstone({ userId: '', sessionId: tombstone.id, issuedAt }))
      return lifecycle.addTombstone(tombstone)
    try {
      await revocations.stored('session', tombstone.id)
      return null
    } catch {
      return lifecycle.addTombstone(tombstone)
    }
  }

  /** Nothing is known here of the Clerk session that is to end: another node may have signed it in, and stored that. */
  async function endStored(alias: string, named: string | undefined): Promise<AuthError | null> {
    if (named === undefined) return null
    try {
      const stored = await lookup.findStored(alias)
      if (stored?.sessionId !== named || stored.issuedAt === null) return null
      return await lifecycle.addTombstone(toClearTombstone(named, stored.issuedAt, stored.expiresAt))
    } catch (error) {
      return toAuthError(error)
    }
  }

  function toProvenTombstone(session: LiveSession, named: string | undefined): Tombstone | null {
    const { lastProven } = session.state
    if (!lastProven || (named !== undefined && named !== lastProven.sessionId)) return null
    return toClearTombstone(lastProven.sessionId, lastProven.issuedAt, session.view().expiresAt)
  }

  function toClearTombstone(id: string, issuedAt: number, expiresAt: number | null): Tombstone {
    const now = clock()
    // Clerk's clock may be ahead of this one: the proof itself is refused in any case.
    const clearedAt = Math.max(now, issuedAt)
    return toTombstone({ kind: 'session', id, clearedAt }, now, (expiresAt ?? 0) + clockTolerance)
  }

  return async ({ cookieIds, tab, seq, sessionId }) => {
    const found = await lookup.find(cookieIds)
    // Another node may have signed it in while the store was away: then it is not over because it is not there.
    if (!found && toAliases(cookieIds).length > 0) await requireStore(store, 'settled')
    if (!found) return { view: { ...toUncheckedView(clock()), state: 'signedOut', authChecked: true }, error: null }
    if (found.retired) throw toRotated()
    const { session } = found
    return serve(session, async () => {
      session.state.budget.spend(clock())
      const error = session.state.seqs.accept(tab, seq) ? await signOut(found, sessionId) : null
      const view = session.view()
      // Somebody else signed in meanwhile: not for whoever had the cookie before.
      if (view.userId !== null && lifecycle.rotation.isOutdated(found.alias)) throw toRotated()
      return { view, error }
    })
  }
}
