import type { InspectionEvent } from 'xstate'
import type { AuthInput } from '../../machines/auth-context.ts'
import type { AuthView } from '../../machines/auth-view.ts'
import type { Explanation, ExplanationFacts } from '../../machines/explain/explain.ts'
import type { AuthRule } from '../../machines/is-allowed.ts'
import type { Logger } from '../logger.ts'
import { perTurn } from '../timing/per-turn.ts'
import { inSlices } from '../timing/slices.ts'
import { createHosts } from './hosts/create-hosts.ts'
import { createAwaitedRotations } from './node/awaited-rotations.ts'
import { endStreams } from './node/end-streams.ts'
import type { HubLimits } from './node/hub-limits.ts'
import { createRevocations } from './node/revocations.ts'
import { createSessionLifecycle } from './node/session-lifecycle.ts'
import { createSessionLifetimes, type Lifetime } from './node/session-lifetimes.ts'
import { createSessionList, type SessionSummary } from './node/session-list.ts'
import { createSessionLookup } from './node/session-lookup.ts'
import type { SessionRegistry } from './node/session-registry.ts'
import { followStore } from './node/store-follower.ts'
import { createTokenChecks, type VerifyToken } from './node/token-checks.ts'
import type { LoadUser } from './node/user-profiles.ts'
import { createAdmitRequest, toAdmitted } from './requests/admit-request.ts'
import { createClearSession } from './requests/clear-session.ts'
import { explainSession } from './requests/explain-session.ts'
import type {
  Admission,
  AdmitRequest,
  ClearRequest,
  HubAnswer,
  HubRequest,
  OpenedSession,
  StreamRequest,
  TokenRequest,
} from './requests/hub-requests.ts'
import { createNoteUse } from './requests/note-use.ts'
import { createOpenSession, toDraining } from './requests/open-session.ts'
import { createReceiveToken } from './requests/receive-token.ts'
import { createRequestSignal, toCurrent } from './requests/request-signal.ts'
import { createRevokeIdentity, type RevokedIdentity } from './requests/revoke-identity.ts'
import type { AuthChanges } from './session/auth-changes.ts'
import type { LiveSession } from './session/live-session.ts'
import type { EncodeView } from './session/view-stream.ts'
import { dampStoreFailures } from './store/damped-log.ts'
import { requireStore, type StoreDown } from './store/require-store.ts'
import type { SessionStore } from './store/session-store.ts'

export interface SessionHubOptions {
  readonly verify: VerifyToken
  readonly store: SessionStore
  /** Default `allow`. */
  readonly storeDown?: StoreDown
  readonly encode: EncodeView
  readonly machine: Required<Pick<AuthInput, 'authWaitTimeout' | 'verifyTimeout' | 'clockTolerance' | 'refusedToken'>>
  readonly limits: HubLimits
  /** How long a sign-in may last. Default: as long as it is renewed. */
  readonly lifetime?: Lifetime | null
  /** If given, the hub loads the profiles of signed-in users into their views. */
  readonly loadUser?: LoadUser
  /** Epoch ms. */
  readonly clock: () => number
  readonly random: () => number
  readonly logger: Logger
  readonly inspect?: (event: InspectionEvent) => void
}

/** The numbers of one node at one moment. */
export interface HubStats {
  /** Number of sessions. */
  readonly sessions: number
  /** Number of sessions with a signed-in user. */
  readonly signedIn: number
  /** Number of open streams. */
  readonly streams: number
}

/** All server sessions of one node. It knows nothing of HTTP and rejects with `AuthError` only. */
export interface SessionHub {
  /** Finds or creates the session of a stream. */
  open(request: StreamRequest): Promise<OpenedSession>
  /** Checks a token and answers after the verdict. */
  receive(request: TokenRequest): Promise<HubAnswer>
  /** Signs a session out on this node at once, and answers when every node refuses its tokens. */
  clear(request: ClearRequest): Promise<HubAnswer>
  /**
   * @param options.isUse true if the app asks, and not the client that polls. Default false.
   * @returns the view of the session of a request, or null if it has none or has one no longer
   */
  view(request: HubRequest, options?: { readonly isUse?: boolean }): Promise<AuthView | null>
  /** Explains how the session of a request came to its state. */
  explain(request: HubRequest, facts: ExplanationFacts): Promise<Explanation>
  /**
   * Waits until the session of a request has a verdict. A request without a session is let in by the tokens that it
   * carries. The view is `timedOut` after `timeout` ms. Rejects with the reason of `giveUp`.
   */
  admit(request: AdmitRequest): Promise<Admission>
  /**
   * @returns a signal that aborts when the current identity of the session ends or the rule no longer holds. It is
   * already aborted if the session proves no identity or the rule does not hold.
   */
  signal(request: HubRequest, rule?: AuthRule): AbortSignal
  /**
   * Signs a Clerk session or user out everywhere. A Clerk session is signed out for good. A user may sign in again,
   * unless `isGone`.
   * @throws AuthError `store-unavailable` if so far only this node knows of the sign-out; the hub goes on trying to
   * store it
   */
  revoke(target: RevokedIdentity): Promise<void>
  /**
   * Lists the signed-in sessions of a user on all nodes, newest first.
   * @throws TypeError if the store cannot list sessions · AuthError `store-unavailable`
   */
  sessions(userId: string): Promise<readonly SessionSummary[]>
  /** Call it when keys are available again: tokens that could not be decided are checked soon. */
  retry(): void
  readonly onAuthChange: AuthChanges['subscribe']
  stats(): HubStats
  /** Refuses new requests, ends the streams in batches, and waits for the requests being served. `timeout` in ms. */
  close(options: { readonly timeout: number }): Promise<void>
}

/** The hub with a door to its sessions. They are for the parts of the hub and their tests, and not for HTTP. */
export interface OpenSessionHub extends SessionHub {
  /** @returns the session of a request, or null if it has none or has one no longer */
  find(request: HubRequest): Promise<LiveSession | null>
}

const uncompiledRemedy =
  'This version of XState is not known to authchart: sessions work, with more memory and time each. Install an XState that the peer range names, or a newer authchart'

export function createSessionHub(options: SessionHubOptions): OpenSessionHub {
  const { verify, encode, machine, lifetime, limits, loadUser, clock, random, inspect } = options
  const logger = dampStoreFailures(options.logger)
  const { authWaitTimeout, verifyTimeout } = machine
  const clockTolerance = machine.clockTolerance * 1_000
  const lifetimes = lifetime
    ? createSessionLifetimes({
        lifetime,
        store: options.store,
        isHeld: (sessionId) => lifecycle.registry.find('session', sessionId).length > 0,
        addTombstone: (tombstone) => revocations.addTombstone(tombstone),
        clock,
        logger,
      })
    : null
  const store = lifetimes?.store ?? options.store
  const revocations = createRevocations({ store, verify, clock, verifyTimeout, logger })
  const tokens = createTokenChecks({
    verify,
    ready: revocations.settled,
    learn: (session, verified) => lifetimes?.learn(session, verified) ?? null,
    reserve(session, verified) {
      // A signed-out token signs nobody in, so another session must not lose its place to it.
      const isRenewal = session.identity.sessionId === verified.sessionId
      if (!isRenewal && !store.findTombstone(verified)) lifecycle.registry.reserve(session, verified)
    },
    logger,
  })
  const startHost = createHosts({
    verifyToken: tokens.check,
    input: { ...machine, now: clock, random, tombstone: (session) => store.findTombstone(session) },
    inspect,
    onError: (code, error) => logger.error(code, { error }),
    onUncompiled: () => logger.warn('chart.uncompiled', { remedy: uncompiledRemedy }),
  })
  const lifecycle = createSessionLifecycle({
    startHost,
    store,
    revocations,
    lifetimes,
    sessionOf: (token) => tokens.sessionOf(token),
    loadUser,
    encode,
    limits,
    clockTolerance,
    clock,
    logger,
  })
  const lookup = createSessionLookup({ lifecycle, store, logger })
  const listSessions = createSessionList({
    registry: lifecycle.registry,
    store,
    lifetimes,
    clockTolerance,
    clock,
    logger,
  })
  const awaited = createAwaitedRotations()
  const unfollow = followStore({ lifecycle, store, revocations, awaited, clock, logger })
  const needs = options.storeDown === 'refuse' ? 'current' : 'loaded'
  let isClosed = false
  let requests = 0

  async function serve<T>(session: LiveSession, work: () => Promise<T>): Promise<T> {
    lifecycle.registry.hold(session)
    requests += 1
    try {
      return await work()
    } finally {
      requests -= 1
      lifecycle.registry.release(session)
    }
  }

  const times = { authWaitTimeout, verifyTimeout, clockTolerance, clock }
  const followers = { lookup, awaited, revocations, store }
  const noteUse = createNoteUse({ lifecycle, lifetimes, clock })
  const service = { streamsPerSession: limits.streamsPerSession, logger, serve, isClosing: () => isClosed }
  const parts = { lifecycle, tokens, noteUse, ...followers, verify, ...times, ...service }

  /** Refuses a request while the hub closes, or while the store cannot tell which sessions have ended. */
  const guard =
    <Request, Answer>(handle: (request: Request) => Promise<Answer>, { isNew = true, isKnowing = true } = {}) =>
    (request: Request): Promise<Answer> => {
      if (isNew && isClosed) return Promise.reject(toDraining())
      return isKnowing && store.ready ? requireStore(store, needs).then(() => handle(request)) : handle(request)
    }

  const find = guard(
    async (request: HubRequest) => toAdmitted(request) ?? toCurrent(await lookup.find(request.cookieIds)),
    { isNew: false },
  )

  return {
    open: guard(perTurn(createOpenSession(parts))),
    receive: guard(createReceiveToken(parts)),
    // A sign-out counts even while the store is away.
    clear: guard(createClearSession(parts), { isKnowing: false }),
    admit: guard(createAdmitRequest(parts), { isNew: false }),
    find,
    async view(request, { isUse = false } = {}) {
      const session = await find(request)
      if (session && isUse) noteUse(session)
      return session?.view() ?? null
    },

    explain: async (request, facts) => explainSession(await find(request), clock(), facts),
    signal: createRequestSignal(parts),
    revoke: createRevokeIdentity(parts),

    sessions: guard(listSessions, { isNew: false }),

    retry() {
      revocations.retry()
      const undecided = [...lifecycle.registry].filter(({ identity }) => identity.state === 'error')
      void inSlices(undecided, (session) => session.retry())
    },

    onAuthChange: (listener, settings) => lifecycle.changes.subscribe(listener, settings),

    stats: () => toStats(lifecycle.registry),

    async close({ timeout }) {
      if (isClosed) return
      isClosed = true
      await endStreams(lifecycle.registry, () => requests > 0, timeout)
      lifecycle.close()
      unfollow()
      revocations.close()
      lifetimes?.close()
    },
  }
}

function toStats(registry: SessionRegistry): HubStats {
  let streams = 0
  for (const session of registry) streams += session.streams.size
  return { sessions: registry.size, signedIn: registry.signedIn, streams }
}
