import { toIssuedAt } from '../../../machines/verified-session.ts'
import type { Logger } from '../../logger.ts'
import { inSlices } from '../../timing/slices.ts'
import type { AuthChangeReason } from '../session/auth-changes.ts'
import { endSignals } from '../session/identity-signals.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { SessionStore, Tombstone, TombstoneCode } from '../store/session-store.ts'
import { toTombstone } from '../store/tombstone.ts'
import type { Revocations } from './revocations.ts'
import type { SessionLifecycle } from './session-lifecycle.ts'

export interface TombstoneFollowerOptions {
  readonly lifecycle: SessionLifecycle
  readonly store: SessionStore
  readonly revocations: Revocations
  /** Epoch ms. */
  readonly clock: () => number
  readonly logger: Logger
}

const endReasons = {
  'token-superseded': 'cleared',
  'session-revoked': 'revoked',
  'session-expired': 'expired',
} as const satisfies Record<TombstoneCode, AuthChangeReason>

/**
 * Creates the function that ends the sessions whose proof has just got a tombstone. Their streams, and the work that a
 * signal guards, are told before their machines, so that the last of very many sessions does not wait for the work on
 * the others.
 */
export function createTombstoneFollower(options: TombstoneFollowerOptions): (tombstone: Tombstone) => void {
  const { lifecycle, store, revocations, clock, logger } = options
  const { registry, effects } = lifecycle

  function tell(session: LiveSession) {
    const code = toEnd(session)
    if (code) endSignals(session)
    if (code && code !== 'token-superseded') session.streams.endWithView('revoked')
    else if (code) session.streams.push()
  }

  /** @returns the reason that ended the proof of a session, or null */
  function toEnd({ identity: { userId, sessionId, claims } }: LiveSession) {
    if (userId === null || sessionId === null) return null
    return store.findTombstone({ userId, sessionId, issuedAt: toIssuedAt(claims) ?? 0 })
  }

  function end(session: LiveSession, from: { readonly isElsewhere: boolean; readonly isUser: boolean }) {
    const { sessionId } = session.identity
    const code = registry.has(session) ? toEnd(session) : null
    if (!code || sessionId === null) return
    const isRevoked = code === 'session-revoked'
    effects.follow(() => session.end(endReasons[code], sessionId), from.isElsewhere)
    // A later token of this Clerk session would be newer than the revocation of its user, so the Clerk session is
    // revoked too. The node that revokes the user does that for the sessions that it knows.
    if (isRevoked && from.isUser && from.isElsewhere) {
      void revocations.addTombstone(toTombstone({ kind: 'session', id: sessionId, revokedAt: clock() }, clock()))
    }
  }

  return ({ kind, id }) => {
    const isElsewhere = !revocations.isAdding
    const sessions = registry.find(kind, id)
    const endSession = (session: LiveSession) => end(session, { isElsewhere, isUser: kind === 'user' })
    const steps = [tell, endSession].flatMap((step) => sessions.map((session) => () => step(session)))
    void inSlices(steps, (step) => {
      try {
        step()
      } catch (error) {
        // A session that fails must not keep the others from their end.
        logger.error('store.watch.failed', { type: 'tombstone', error })
      }
    })
  }
}
