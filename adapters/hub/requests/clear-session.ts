import { toAuthError, type AuthError } from '../../../machines/auth-error.ts'
import { toUncheckedView } from '../../../machines/auth-view.ts'
import { withDeadline } from '../../timing/with-deadline.ts'
import { toAliases, type FoundSession } from '../cookies/cookie-index.ts'
import { toRotated } from '../cookies/cookie-rotation.ts'
import type { LiveSession } from '../session/live-session.ts'
import { oweTombstone, settleTombstone } from '../session/session-state.ts'
import { requireStore } from '../store/require-store.ts'
import type { Tombstone } from '../store/session-store.ts'
import { toTombstone } from '../store/tombstone.ts'
import type { ClearRequest, HubAnswer, HubParts } from './hub-requests.ts'

/** Creates the function that signs a session out, at once on this node, and answers when that holds on every node. */
export function createClearSession(parts: HubParts): (request: ClearRequest) => Promise<HubAnswer> {
  const { lifecycle, lookup, revocations, store, verifyTimeout, clockTolerance, clock, serve } = parts

  /** @returns null, or the error because of which a token could still sign this browser's user in again */
  async function signOut({ session, alias }: FoundSession, named: string | undefined): Promise<AuthError | null> {
    const { sessionId } = session.view()
    if (sessionId !== null && named !== undefined && sessionId !== named) return null
    const tombstone = toProvenTombstone(session, named)
    if (tombstone) oweTombstone(session.state)
    for (const token of session.end('cleared', named)) revocations.identify(session, token, named)
    const [ended, learnt] = await Promise.all([
      tombstone ? endProof(session, tombstone) : endStored(alias, named),
      withDeadline(verifyTimeout, () => revocations.settled(session)).catch(toAuthError),
    ])
    return ended ?? learnt
  }

  async function endProof({ state }: LiveSession, tombstone: Tombstone): Promise<AuthError | null> {
    const { lastProven } = state
    const error = await addProofTombstone(tombstone, lastProven?.issuedAt ?? 0)
    if (!error) settleTombstone(state, lastProven)
    return error
  }

  /**
   * If many sessions of one Clerk session sign out, the first one leaves a tombstone, and the others wait for it.
   */
  async function addProofTombstone(tombstone: Tombstone, issuedAt: number): Promise<AuthError | null> {
    if (!store.findTombstone({ userId: '', sessionId: tombstone.id, issuedAt }))
      return revocations.addTombstone(tombstone)
    try {
      await revocations.stored('session', tombstone.id)
      return null
    } catch {
      return revocations.addTombstone(tombstone)
    }
  }

  /** Ends a Clerk session that this node does not know: another node may have signed it in and stored that. */
  async function endStored(alias: string, named: string | undefined): Promise<AuthError | null> {
    if (named === undefined) return null
    try {
      const stored = await lookup.findStored(alias)
      if (stored?.sessionId !== named || stored.issuedAt === null) return null
      return await revocations.addTombstone(toClearTombstone(named, stored.issuedAt, stored.expiresAt))
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
    // Clerk's clock may be ahead of this one, and the proof itself has to be refused in any case.
    const clearedAt = Math.max(now, issuedAt)
    return toTombstone({ kind: 'session', id, clearedAt }, now, (expiresAt ?? 0) + clockTolerance)
  }

  return async ({ cookieIds, tab, seq, sessionId }) => {
    const found = await lookup.find(cookieIds)
    // Another node may have signed it in while the store was away, so a session that is missing now may still exist.
    if (!found && toAliases(cookieIds).length > 0) await requireStore(store, 'settled')
    if (!found) return { view: { ...toUncheckedView(clock()), state: 'signedOut', authChecked: true }, error: null }
    if (found.retired) throw toRotated()
    const { session } = found
    return serve(session, async () => {
      session.state.budget.spend(clock())
      const error = session.state.seqs.accept(tab, seq) ? await signOut(found, sessionId) : null
      // Another node may get an older request of the tab, and must know the `seq` of this one even if it changed nothing.
      await lifecycle.records.keep(session)
      const view = session.view()
      // Another user signed in meanwhile, and the holder of the old cookie must not see that.
      if (view.userId !== null && lifecycle.rotation.isOutdated(found.alias)) throw toRotated()
      return { view, error }
    })
  }
}
