import { toUncheckedView } from '../../../machines/auth-view.ts'
import type { Logger } from '../../logger.ts'
import { createCookieIndex, type CookieIndex } from '../cookies/cookie-index.ts'
import { createCookieRotation, type CookieRotation } from '../cookies/cookie-rotation.ts'
import { createNodeId, createPublicId, createSecretId } from '../cookies/secret-id.ts'
import type { StartHost } from '../hosts/session-host.ts'
import { createAuthChanges, type AuthChanges } from '../session/auth-changes.ts'
import { endSignals } from '../session/identity-signals.ts'
import { LiveSession, type LiveSessionRuntime } from '../session/live-session.ts'
import { createSessionState } from '../session/session-state.ts'
import type { EncodeView } from '../session/view-stream.ts'
import type { SessionStore } from '../store/session-store.ts'
import { createChangeEffects, type ChangeEffects } from './change-effects.ts'
import type { HubLimits } from './hub-limits.ts'
import { createRecordSync, type RecordSync } from './record-sync.ts'
import type { Revocations } from './revocations.ts'
import type { SessionLifetimes } from './session-lifetimes.ts'
import { createSessionRegistry, type SessionRegistry } from './session-registry.ts'
import type { TokenChecks } from './token-checks.ts'
import type { LoadUser } from './user-profiles.ts'

/** Creates, admits and ends the sessions of this node. */
export interface SessionLifecycle {
  /** Starts a session that only the caller knows until it is admitted. By default it gets an id and a channel. */
  create(origin?: SessionOrigin): LiveSession
  /**
   * Takes a session in, and reports the change that happened to it before.
   * @throws AuthError `at-capacity` or `too-many-sessions`; the session is stopped then
   */
  admit(session: LiveSession): LiveSession
  /** Ends every session on this node; their records stay. */
  close(): void
  readonly registry: SessionRegistry
  readonly cookies: CookieIndex
  readonly rotation: CookieRotation
  readonly records: RecordSync
  readonly changes: AuthChanges
  readonly effects: ChangeEffects
}

/** The part of a session that is known before it starts. */
export interface SessionOrigin {
  readonly id?: string
  readonly channel?: string
  /** The client's address, if sessions of one address are bounded. */
  readonly address?: string | undefined
}

export interface SessionLifecycleOptions {
  readonly startHost: StartHost
  readonly store: SessionStore
  readonly revocations: Revocations
  /** Null if sessions may last as long as they are renewed. */
  readonly lifetimes: SessionLifetimes | null
  /** @returns the Clerk session that a token was verified to be of, or null */
  readonly sessionOf: TokenChecks['sessionOf']
  /** If given, the profiles of signed-in users are loaded into their views. */
  readonly loadUser?: LoadUser
  readonly encode: EncodeView
  readonly limits: HubLimits
  /** Ms. */
  readonly clockTolerance: number
  readonly clock: () => number
  readonly logger: Logger
}

export function createSessionLifecycle(options: SessionLifecycleOptions): SessionLifecycle {
  const { startHost, store, revocations, lifetimes, sessionOf, encode, limits, clockTolerance, clock, logger } = options
  const cookies = createCookieIndex()
  const changes = createAuthChanges(logger)
  const registry = createSessionRegistry({ limits, onEnd: end })
  const records = createRecordSync({ registry, store, lifetimes, clock, clockTolerance, logger })
  const rotation = createCookieRotation({ cookies, store, keepRecord: records.keep, sessionOf, logger })
  const effects = createChangeEffects({
    registry,
    rotation,
    records,
    revocations,
    lifetimes,
    changes,
    loadUser: options.loadUser,
    clock,
    logger,
  })
  const runtime: LiveSessionRuntime = { startHost, clock, encode, onChange: effects.onChange }
  /**
   * The first part of every channel of this node, so that a client with two of them knows that two servers answered it.
   */
  const node = createNodeId()
  let isClosed = false

  function create(origin: SessionOrigin = {}): LiveSession {
    const { id = createSecretId(), channel = `${node}.${createPublicId()}`, address = null } = origin
    return new LiveSession(runtime, id, channel, createSessionState(limits.requestsPerSession, address))
  }

  function end(session: LiveSession) {
    const { state, identity, channel } = session
    endSignals(session)
    session.streams.endWithView('closing')
    session.stop()
    cookies.forget(session)
    lifetimes?.leave(session)
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
      if (session.state.unseen) effects.onChange(session, session.state.unseen)
      return session
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
    effects,
  }
}
