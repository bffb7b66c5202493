import type { User } from '@clerk/backend'
import type { EventHandler, H3, Middleware } from 'h3'
import { MissingUserError } from '../../machines/auth-error.ts'
import type { AuthView, SignedInView } from '../../machines/auth-view.ts'
import type { Explanation } from '../../machines/explain/explain.ts'
import type { AuthRule } from '../../machines/is-allowed.ts'
import { createClerkAccess, type ClerkAccess } from '../clerk/clerk-access.ts'
import { resolveClerkOptions } from '../clerk/clerk-options.ts'
import { toAuthUser } from '../clerk/clerk-users.ts'
import type { SessionSummary } from '../hub/node/session-list.ts'
import type { LoadUser } from '../hub/node/user-profiles.ts'
import { createSessionHub, type HubStats } from '../hub/session-hub.ts'
import type { ServerAuthChangeListener, ServerAuthChangeOptions } from '../hub/session/auth-changes.ts'
import { toLogger } from '../logger.ts'
import { createAuthFetch, type AuthFetch } from './auth-fetch.ts'
import { createAuthRoutes } from './auth-routes.ts'
import { resolveAuthServerOptions, type AuthServerOptions } from './auth-server-options.ts'
import { createCarriedTokens } from './carried-tokens.ts'
import { toDefaultInstance } from './default-instance.ts'
import { toInspect } from './inspect-option.ts'
import { toListedUser } from './listed-user.ts'
import { createNodeMiddleware, type NodeMiddleware } from './node-middleware.ts'
import { createOnLoad, type LoadHandler } from './on-load.ts'
import { createOriginRule } from './origin-rule.ts'
import { toProblemResponse } from './problem.ts'
import { createPublicViews } from './public-views.ts'
import type { RequestSource } from './request-facts.ts'
import { createRequestSessions } from './request-sessions.ts'
import { createRequireAuth, toUndecided, type RequireAuthOptions } from './require-auth.ts'
import { createRevoke, type RevokeOptions, type RevokeTarget } from './revoke.ts'
import { createServerStore } from './server-store.ts'
import { createServerVerifier } from './server-verifier.ts'
import { createSessionCookie } from './session-cookie.ts'
import { createStandaloneApp } from './standalone-app.ts'
import { createWebhook, requireWebhookSecret } from './webhook.ts'

/** The auth of one app. Two auth servers in one process share nothing. */
export interface AuthServer {
  /** `app.register(auth.plugin)` adds the routes under `basePath`. */
  readonly plugin: (app: H3) => void
  /**
   * Answers a `Request` under `basePath`, and resolves to undefined for any other. Use it in frameworks whose handlers
   * return a `Response`.
   * @throws TypeError if the argument is not a `Request`
   */
  readonly fetch: AuthFetch
  /**
   * Middleware for node:http, Connect and Express (`app.use(auth.node)` or `app.use('/auth', auth.node)`), and a
   * handler for Fastify (`fastify.all('/auth/*', auth.node)`). It passes a request that is not under `basePath` on to
   * `next`; without a `next` it answers 404.
   * @throws TypeError if the arguments are not a request and a response of these frameworks
   */
  readonly node: NodeMiddleware
  /**
   * Returns the view of a request's session with the full claims, without waiting. After `whenChecked`, `requireAuth`
   * or `onLoad` has let the request in, the view is of the session or the token that let it in, as long as that is
   * valid. A request with neither gets a blank view.
   */
  session(from: RequestSource): Promise<AuthView>
  /**
   * The same view with only the `publicClaims`, as the browser gets it. Use it for a page that is rendered on the
   * server.
   */
  publicView(from: RequestSource): Promise<AuthView>
  /**
   * Returns the view when there is a verdict, or a view with `timedOut` after `timeout` ms (default `authWaitTimeout`)
   * from the call. A request without a known session is judged by the Clerk token that it carries; without a token it
   * is answered at once.
   */
  whenChecked(from: RequestSource, options?: { timeout?: number; signal?: AbortSignal }): Promise<AuthView>
  /**
   * Calls `listener` when somebody signs in or out, in any session.
   * @returns a function that unsubscribes the listener
   */
  onAuthChange(listener: ServerAuthChangeListener, options?: ServerAuthChangeOptions): () => void
  /**
   * Waits for the verdict and returns the view of the signed-in user, by the same rules as `requireAuth`. Use it inside
   * a handler, or in another framework: `toResponse` makes the answer from the error that this rejects with.
   * @throws AuthError `not-signed-in`, `forbidden`, `reverification-needed`, `origin-rejected`, or the reason why there
   * is no verdict
   * @throws TypeError naming the option that cannot be used
   */
  require<From extends RequestSource>(from: From, options?: RequireAuthOptions<From>): Promise<SignedInView>
  /**
   * Makes a `Response` with the problem document, status and headers of an `AuthError`.
   * @throws the error itself if it is not an `AuthError`, or if its code is `internal`
   */
  toResponse(error: unknown): Response
  /**
   * Makes middleware that lets only signed-in users pass. If a request may change something and is proven by a cookie,
   * it must come from a page of this server or of one of `allowedOrigins`.
   * @throws TypeError naming the option that cannot be used
   */
  requireAuth(options?: RequireAuthOptions): Middleware
  /**
   * Makes an h3 handler that waits for the check or its timeout, runs `handlers` in order, each with the event and the
   * view, and answers with the value of the last one.
   * @throws TypeError if `handlers` are not functions
   */
  onLoad(handlers: LoadHandler | readonly LoadHandler[] | null): EventHandler
  /**
   * Returns a signal that aborts when the request's session signs out or changes its identity, to guard work that
   * outlives a request. If nobody is signed in, or if only the request's own token proves the user, the signal has
   * already aborted. With a rule it also aborts as soon as the rule no longer holds or another organization becomes
   * active.
   * @throws TypeError naming the rule that cannot be used
   */
  signal(from: RequestSource, rule?: AuthRule): AbortSignal
  /**
   * Waits for the verdict like `whenChecked` and loads the signed-in user from Clerk. Calls share an answer, which is
   * at most 10 s old.
   * @throws MissingUserError if no user is signed in or Clerk no longer knows the user
   * @throws AuthError `user-load-failed`, or the reason why there is no verdict
   * @throws MissingSecretKeyError
   */
  getUser(from: RequestSource): Promise<User>
  /**
   * Signs a Clerk session or user out: on this node at once, on every node by the time it resolves. Later tokens of the
   * session are refused; a user may sign in again.
   * @throws TypeError unless one id is given
   * @throws AuthError `store-unavailable`: done here, retried elsewhere · `clerk-unavailable`: not done at Clerk
   * @throws MissingSecretKeyError with `atClerk`, before anything is done
   */
  revoke(target: RevokeTarget, options?: RevokeOptions): Promise<void>
  /**
   * Signs the user of the request out of all their other Clerk sessions: at Clerk, and on every node by the time it
   * resolves. The request must pass `require`, and its origin is checked whatever its method is.
   * @throws AuthError as `require` · `clerk-unavailable` · `store-unavailable`: done here and at Clerk, retried
   * elsewhere
   * @throws MissingSecretKeyError
   */
  revokeOthers(from: RequestSource): Promise<void>
  /**
   * Lists the signed-in sessions of a user on all nodes, newest first: for a page where a user sees where they are signed
   * in, and ends a session by `revoke`. It checks no rights: call it with the id of a user who may see the list.
   * @throws TypeError if there is no `userId`, or if a store of your own has no method `list`
   * @throws AuthError `store-unavailable`
   */
  sessions(target: { readonly userId: string }): Promise<readonly SessionSummary[]>
  /**
   * Explains in words how the request's session came to its state: its last transitions, the age of the keys and the
   * difference between the clocks. The text contains no names and no secrets, but you still decide who may read it.
   * @throws AuthError `store-unavailable`
   */
  explain(from: RequestSource): Promise<Explanation>
  /** Returns the numbers of sessions and streams that this node holds now. */
  stats(): HubStats
  /** Ends every stream with a `bye` frame and releases all resources. `timeout` in ms, default 5000. */
  close(options?: { timeout?: number }): Promise<void>
}

const verifyTimeout = 5_000

/**
 * Creates the auth server of an app, which keeps the auth state of each browser session.
 *
 * @throws TypeError naming the option that cannot be used.
 * @throws MissingSecretKeyError if neither `keys` nor Clerk's JWT key or secret key is given.
 * @example
 * const auth = createAuthServer({ claims: { authorizedParties: ['https://app.example.com'] } })
 * app.register(auth.plugin)
 * app.use('/api/**', auth.requireAuth())
 */
export function createAuthServer(options: AuthServerOptions = {}): AuthServer {
  const resolved = resolveAuthServerOptions(options)
  const { basePath, authWaitTimeout, refusedToken, publicClaims, clock, limits, inspectors, clientAddress } = resolved
  const clerk = resolveClerkOptions(options.clerk)
  if (clerk.webhookSecret) requireWebhookSecret(clerk.webhookSecret)
  const logger = toLogger(options.logger)
  const clerkAccess = createClerkAccess(clerk, clock)
  const inspect = toInspect(inspectors, logger)
  const verifier = createServerVerifier(
    { keys: options.keys, claims: options.claims, clerk, allowedHosts: resolved.allowedHosts, clock, inspect, logger },
    () => hub.retry(),
  )
  const { verify, claims, clockTolerance } = verifier
  const store = createServerStore({
    store: options.store,
    secrets: resolved.secrets ?? (clerk.secretKey ? [clerk.secretKey] : null),
    instance: resolved.instance ?? toDefaultInstance(claims),
    judge: (stored) => verify.judge(stored),
    clock,
    logger,
  })
  const cookie = createSessionCookie(resolved.cookie, logger)
  const carriedTokens = createCarriedTokens({
    publishableKey: clerk.publishableKey,
    readsCookies: options.claims?.authorizedParties !== undefined,
  })
  const origins = createOriginRule(resolved.allowedOrigins)
  const publicViews = createPublicViews(publicClaims)
  const hub = createSessionHub({
    verify: verify.atOnce,
    store,
    storeDown: resolved.storeDown,
    encode: publicViews.toFrame,
    machine: { authWaitTimeout, verifyTimeout, refusedToken, clockTolerance },
    limits,
    lifetime: resolved.lifetime,
    loadUser: toLoadUser(options.loadUser, clerkAccess),
    clock,
    random: Math.random,
    logger,
    inspect,
  })
  const plugin = createAuthRoutes({
    hub,
    cookie,
    origins,
    allowedHosts: resolved.allowedHosts,
    carriedTokens,
    clientAddress,
    publicViews,
    inspectPage: inspectors.map((each) => (typeof each === 'function' ? undefined : each.page)).find(Boolean),
    webhook: clerk.webhookSecret ? createWebhook({ hub, secret: clerk.webhookSecret, logger }) : undefined,
    basePath,
    clock,
    random: Math.random,
    logger,
  })

  const sessions = createRequestSessions({ hub, cookie, carriedTokens, authWaitTimeout, clock })
  const { toFacts, check } = sessions
  const guard = createRequireAuth({
    toFacts,
    whenChecked: check,
    requireOrigin: (facts, isChange) => origins.check(facts, isChange),
    isProvenByCookie: (facts) => cookie.isSent(facts) || carriedTokens.isInCookie(facts),
    logger,
  })
  const revoker = createRevoke(hub, clerkAccess)
  const toApp = createStandaloneApp(plugin)

  return {
    plugin,
    fetch: createAuthFetch(toApp, basePath),
    node: createNodeMiddleware(toApp, basePath),
    session: (from) => sessions.view(from),
    publicView: async (from) => publicViews.toView(await sessions.view(from)),
    whenChecked: async (from, wait) => check(toFacts(from), wait),
    onAuthChange: (listener, options) => hub.onAuthChange(listener, options),
    require: (from, options) => guard.require(from, options),
    toResponse: toProblemResponse,
    requireAuth: (options) => guard.middleware(options),
    onLoad: createOnLoad(check),
    async getUser(from) {
      const view = await check(toFacts(from))
      if (view.userId === null) throw toUndecided(view) ?? new MissingUserError('no user id')
      return clerkAccess.getUser(view.userId)
    },
    revoke: (target, options) => revoker.revoke(target, options),
    revokeOthers: (from) => revoker.revokeOthers(() => guard.requireChange(from)),
    sessions: async (target) => hub.sessions(toListedUser(target)),
    signal: (from, rule) => sessions.signal(from, rule),
    explain: (from) => sessions.explain(from, verifier.readFacts()),
    stats: () => hub.stats(),
    async close({ timeout = 5_000 } = {}) {
      await hub.close({ timeout })
      verifier.close()
      if (!options.store) await store.close()
    },
  }
}

function toLoadUser(loadUser: AuthServerOptions['loadUser'], clerk: ClerkAccess): LoadUser | undefined {
  if (loadUser !== true) return loadUser || undefined
  clerk.requireKey()
  return async (userId) => toAuthUser(await clerk.getUser(userId))
}
