import { toUncheckedView } from '../../../machines/auth-view.ts'
import { addToHistory, createHistory } from '../../../machines/explain/auth-history.ts'
import { toIssuedAt } from '../../../machines/verified-session.ts'
import type { Logger } from '../../logger.ts'
import type { CookieRotation } from '../cookies/cookie-rotation.ts'
import type { AuthChangeReason, AuthChanges, SessionChange } from '../session/auth-changes.ts'
import { endSignals, followRules } from '../session/identity-signals.ts'
import type { LiveSession, LiveSessionRuntime } from '../session/live-session.ts'
import { noteSignIn } from '../session/session-state.ts'
import { trackSignIn } from '../session/sign-in.ts'
import { toTombstone } from '../store/tombstone.ts'
import type { RecordSync } from './record-sync.ts'
import type { Revocations } from './revocations.ts'
import type { SessionLifetimes } from './session-lifetimes.ts'
import type { SessionRegistry } from './session-registry.ts'
import { createProfiles, type LoadUser } from './user-profiles.ts'

/** Does what follows from each change of a session: its cookie, record, signals and profile, and the listeners. */
export interface ChangeEffects {
  /**
   * Called for every change, before any stream is sent it. A session that is not admitted yet keeps the change to
   * itself.
   */
  readonly onChange: LiveSessionRuntime['onChange']
  /**
   * Runs the work that a tombstone demands. If another node added it, listeners are told that the change is adopted.
   */
  follow(work: () => void, isElsewhere: boolean): void
}

export interface ChangeEffectsOptions {
  readonly registry: SessionRegistry
  readonly rotation: CookieRotation
  readonly records: RecordSync
  readonly revocations: Revocations
  /** Null if sessions may last as long as they are renewed. */
  readonly lifetimes: SessionLifetimes | null
  readonly changes: AuthChanges
  /** If given, the profiles of signed-in users are loaded into their views. */
  readonly loadUser: LoadUser | undefined
  /** Epoch ms. */
  readonly clock: () => number
  readonly logger: Logger
}

export function createChangeEffects(options: ChangeEffectsOptions): ChangeEffects {
  const { registry, rotation, records, revocations, lifetimes, changes, loadUser, clock, logger } = options
  const fillProfile = loadUser && createProfiles({ load: loadUser, logger })
  let isFollowing = false

  function onIdentity(session: LiveSession, { view, previous, reason, by }: SessionChange) {
    if (previous.isSignedIn) endSignals(session)
    // Another Clerk session of the same user is another sign-in (OWASP ASVS 5.0, 7.2.4).
    if (view.isSignedIn) onSignIn(session, reason, by)
    if (reason === 'refused' && previous.sessionId !== null) {
      // Without a tombstone another node could take the proof that was just given up for the newer decision.
      const clearedAt = toIssuedAt(previous.claims) ?? clock()
      void revocations.addTombstone(toTombstone({ kind: 'session', id: previous.sessionId, clearedAt }, clock()))
    }
    // Only the node that made the change reports it with its own reason.
    const isElsewhere = isFollowing || (reason === 'expired' && session.state.isFollower)
    changes.publish({ view, previous, reason: isElsewhere ? 'adopted' : reason })
  }

  /** Keeps requests and streams with the old cookie from showing the new sign-in. */
  function onSignIn(session: LiveSession, reason: AuthChangeReason, by: SessionChange['by']) {
    if (reason === 'token' && by) return rotation.rotate(session, by.tab)
    if (reason !== 'token') return session.streams.end('rotated')
    return rotation.noteLateSignIn(session)
  }

  return {
    onChange(session, change, organization) {
      const isAdmitted = registry.has(session)
      const before = session.state.signIn
      noteChange(session, change, isAdmitted)
      if (!isAdmitted) return
      if (before && change?.by && before.sessionId !== change.view.sessionId) lifetimes?.keepLeft(before.sessionId)
      const { userId } = session.identity
      if (change && userId !== null) lifetimes?.note(session, userId)
      registry.reconsider(session)
      logger.debug('session.changed', toChangeLog(session, change))
      if (change) onIdentity(session, change)
      else if (organization) changes.publish(organization, 'organization')
      followRules(session)
      void records.keep(session)
      fillProfile?.(session, change)
    },
    follow(work, isElsewhere) {
      isFollowing = isElsewhere
      try {
        work()
      } finally {
        isFollowing = false
      }
    },
  }
}

/** Notes what a session itself remembers of its changes. */
function noteChange({ state, identity }: LiveSession, change: SessionChange | null, isAdmitted: boolean) {
  const history = state.history ?? createHistory(toUncheckedView(identity.now))
  state.history = addToHistory(history, identity, change?.reason === 'adopted')
  state.unseen = isAdmitted ? null : (change ?? state.unseen)
  const { sessionId, claims } = identity
  trackSignIn(state, identity)
  if (sessionId !== null) noteSignIn(state, { sessionId, issuedAt: toIssuedAt(claims) ?? 0 })
}

/** The log line does not name the user; the inspector and `explain` do. */
const toChangeLog = ({ channel, identity: { state, error } }: LiveSession, change: SessionChange | null) => ({
  channel,
  state,
  ...(change && { reason: change.reason }),
  ...(error && { code: error.code }),
})
