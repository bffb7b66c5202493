import { AuthError, toAuthError } from '../../../machines/auth-error.ts'
import { addToHistory, createHistory } from '../../../machines/explain/auth-history.ts'
import { toUncheckedView } from '../../../machines/auth-view.ts'
import type { AuthView } from '../../../machines/auth-view.ts'
import type { SessionRecord } from '../../../machines/session-record.ts'
import type { AuthRule } from '../../../machines/is-allowed.ts'
import { toIssuedAt } from '../../../machines/verified-session.ts'
import type { AuthClaims } from '../../../machines/verified-session.ts'
import type { Logger } from '../../logger.ts'
import { createAuthChanges } from '../session/auth-changes.ts'
import type { AuthChange, AuthChangeReason, AuthChanges, SessionChange } from '../session/auth-changes.ts'
import { LiveSession } from '../session/live-session.ts'
import type { LiveSessionRuntime } from '../session/live-session.ts'
import { createRecordSync } from './record-sync.ts'
import type { RecordSync } from './record-sync.ts'
import { createProfiles } from './user-profiles.ts'
import type { LoadUser } from './user-profiles.ts'
import { endSignals, followRules, toIdentitySignal } from '../session/identity-signals.ts'
import { createNodeId, createPublicId, createSecretId } from '../cookies/secret-id.ts'
import { createCookieIndex } from '../cookies/cookie-index.ts'
import type { CookieIndex } from '../cookies/cookie-index.ts'
import { createCookieRotation } from '../cookies/cookie-rotation.ts'
import type { CookieRotation } from '../cookies/cookie-rotation.ts'
import type { StartHost } from '../hosts/session-host.ts'
import { createSessionRegistry } from './session-registry.ts'
import type { SessionRegistry } from './session-registry.ts'
import { createSessionState } from '../session/session-state.ts'
import type { HubLimits } from './hub-limits.ts'
import type { Tombstone, SessionStore } from '../store/session-store.ts'
import type { TokenChecks } from './token-checks.ts'
import { toTombstone } from '../store/tombstone.ts'
import type { Revocations } from './revocations.ts'

/** Creates and ends the sessions of this node, and does what follows from each of their changes. */
export interface SessionLifecycle {
  /** Starts a session that only the caller knows until it is admitted. */
  create(id?: string, channel?: string): LiveSession
  /**
   * Takes a session in, and reports the change that happened to it before.
   * @throws AuthError `at-capacity` or `too-many-sessions`; the session is stopped then
   */
  admit(session: LiveSession): LiveSession
  /** Takes over the stored record of a session that is held here, if it wins over what the session proves. */
  followRecord(record: SessionRecord): void
  /**
   * Adds a tombstone, and goes on trying if that fails. @returns null once it is stored, else the reason why it is not
   * yet
   */
  addTombstone(tombstone: Tombstone): Promise<AuthError | null>
  /**
   * Runs the work that a tombstone demands. If another node added it, listeners are told that the change is adopted.
   */
  follow(work: () => void, isElsewhere: boolean): void
  /**
   * @returns a signal that aborts when the current identity of the session ends or the rule no longer holds. It is
   * already aborted if the session proves no identity or the rule does not hold.
   */
  signal(session: LiveSession | null, rule?: AuthRule): AbortSignal
  /** Ends every session on this node; their records stay. */
  close(): void
  readonly registry: SessionRegistry
  readonly cookies: CookieIndex
  readonly rotation: CookieRotation
  readonly records: RecordSync
  readonly changes: AuthChanges
}

export interface SessionLifecycleOptions {
  readonly startHost: StartHost
  readonly store: SessionStore
  readonly revocations: Revocations
  /** @returns the Clerk session that a token was verified to be of, or null */
  readonly sessionOf: TokenChecks['sessionOf']
  /** If given, the profiles of signed-in users are loaded into their views. */
  readonly loadUser?: LoadUser
  readonly encode: (view: AuthView) => string
  readonly limits: HubLimits
  /** Ms. */
  readonly clockTolerance: number
  readonly clock: () => number
  readonly logger: Logger
}

export function createSessionLifecycle(options: SessionLifecycleOptions): SessionLifecycle {
  const { startHost, store, revocations, sessionOf, encode, limits, clockTolerance, clock, logger } = options
  const cookies = createCookieIndex()
  const changes = createAuthChanges(logger)
  const records = createRecordSync({ store, clock, clockTolerance, logger })
  const keepRecord = (session: LiveSession) => records.keep(session)
  const rotation = createCookieRotation({ cookies, store, keepRecord, sessionOf, logger })
  const registry = createSessionRegistry({ limits, onEnd: end })
  const fillProfile = options.loadUser && createProfiles({ load: options.loadUser, logger })
  const runtime: LiveSessionRuntime = { startHost, clock, encode, onChange }
  /**
   * The first part of every channel of this node, so that a client with two of them knows that two servers answered it.
   */
  const node = createNodeId()
  let isClosed = false
  let isFollowing = false

  function create(id = createSecretId(), channel = `${node}.${createPublicId()}`): LiveSession {
    return new LiveSession(runtime, id, channel, createSessionState(limits.requestsPerSession))
  }

  function onChange(session: LiveSession, change: SessionChange | null, organization?: AuthChange) {
    const { state, identity } = session
    const history = state.history ?? createHistory(toUncheckedView(identity.now))
    state.history = addToHistory(history, identity, change?.reason)
    if (identity.sessionId !== null) {
      state.lastProven = { sessionId: identity.sessionId, issuedAt: toIssuedAt(identity.claims as AuthClaims) ?? 0 }
      state.isTombstoneOwed = false
    }
    if (!registry.has(session)) {
      state.unseen = change ?? state.unseen
      return
    }
    registry.reconsider(session)
    logger.debug('session.changed', toChangeLog(session, change))
    if (change) onIdentity(session, change)
    else if (organization) changes.publish(organization, 'organization')
    followRules(session)
    void records.keep(session)
    fillProfile?.(session, change)
  }

  function onIdentity(session: LiveSession, { view, previous, reason, by }: SessionChange) {
    const { state } = session
    if (previous.isSignedIn) endSignals(session)
    // Another Clerk session of the same user is another sign-in (OWASP ASVS 5.0, 7.2.4).
    if (view.isSignedIn) onSignIn(session, reason, by)
    if (reason === 'refused' && previous.sessionId !== null) {
      // Without a tombstone another node could take the proof that was just given up for the newer decision.
      const clearedAt = toIssuedAt(previous.claims as AuthClaims) ?? clock()
      void addTombstone(toTombstone({ kind: 'session', id: previous.sessionId, clearedAt }, clock()))
    }
    // Only the node that made the change reports it with its own reason.
    const isElsewhere = isFollowing || (reason === 'expired' && state.isFollower)
    changes.publish({ view, previous, reason: isElsewhere ? 'adopted' : reason })
  }

  /** Keeps requests and streams with the old cookie from showing the new sign-in. */
  function onSignIn(session: LiveSession, reason: AuthChangeReason, by: SessionChange['by']) {
    if (reason === 'token' && by) return rotation.rotate(session, by.tab)
    if (reason !== 'token') return session.streams.end('rotated')
    return rotation.noteLateSignIn(session)
  }

  async function addTombstone(tombstone: Tombstone): Promise<AuthError | null> {
    try {
      await revocations.addTombstone(tombstone)
      return null
    } catch (error) {
      return toAuthError(error)
    }
  }

  function end(session: LiveSession) {
    const { state, identity, channel } = session
    endSignals(session)
    session.streams.end('closing')
    session.stop()
    cookies.forget(session)
    if (isClosed || state.isFollower) return
    records.forget(session)
    if (!identity.isSignedIn) return
    // The browser never came back with its cookie, or another session took its place, so listeners are told that it
    // ended.
    changes.publish({ view: { ...toUncheckedView(clock()), channel }, previous: identity, reason: 'expired' })
  }

  return {
    create,
    admit(session) {
      try {
        registry.add(session)
      } catch (error) {
        session.stop()
        throw error
      }
      if (session.state.unseen) onChange(session, session.state.unseen)
      return session
    },
    followRecord(record) {
      const session = registry.get(record.id)
      if (!session) return
      const { isUnclaimed } = session.state
      records.merge(session, record)
      // Another node has seen the cookie of the session.
      if (isUnclaimed && !session.state.isUnclaimed) registry.reconsider(session)
    },
    addTombstone,
    follow(work, isElsewhere) {
      isFollowing = isElsewhere
      try {
        work()
      } finally {
        isFollowing = false
      }
    },
    signal(session, rule) {
      if (!session || !registry.has(session) || !session.view().isSignedIn) {
        return AbortSignal.abort(new AuthError('not-signed-in'))
      }
      const { state } = session
      const signal = toIdentitySignal(session, rule)
      // A session that could be spared so far is kept for the work that the signal guards.
      if (state.isFollower || state.isUnclaimed) registry.reconsider(session)
      return signal
    },
    close() {
      isClosed = true
      registry.clear()
    },
    registry,
    cookies,
    rotation,
    records,
    changes,
  }
}

/** The log line does not name the user; the inspector and `explain` do. */
const toChangeLog = ({ channel, identity: { state, error } }: LiveSession, change: SessionChange | null) => ({
  channel,
  state,
  ...(change && { reason: change.reason }),
  ...(error && { code: error.code }),
})
