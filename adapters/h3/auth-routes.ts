import type { H3, H3Event } from 'h3'
import { AuthError, toAuthError } from '../../machines/auth-error.ts'
import { toUncheckedView } from '../../machines/auth-view.ts'
import type { HubAnswer } from '../hub/requests/hub-requests.ts'
import type { SessionHub } from '../hub/session-hub.ts'
import type { LocalPage } from '../inspector/local-page.ts'
import type { Logger } from '../logger.ts'
import { connectionHeader } from './answer-headers.ts'
import type { CarriedTokens } from './carried-tokens.ts'
import { toAddressOwner, type ClientAddress } from './client-address.ts'
import { createInspectRoutes } from './inspect-route.ts'
import { openStream } from './open-stream.ts'
import { requireHost, type OriginRule } from './origin-rule.ts'
import { maxBody, requireJson, toAuthRequest, toConnection, toTab } from './parse-auth-request.ts'
import { acceptCallbackInEnd, isPatched } from './patched-response.ts'
import { answerJson, answerProblem } from './problem.ts'
import type { PublicViews } from './public-views.ts'
import { createBodyReader } from './read-body.ts'
import { createRequireCookie } from './require-cookie.ts'
import { requireDistinct } from './require-distinct.ts'
import type { SessionCookie } from './session-cookie.ts'
import { createSseStreams } from './sse-stream.ts'

export interface AuthRoutesOptions {
  readonly hub: SessionHub
  readonly cookie: SessionCookie
  readonly origins: OriginRule
  readonly allowedHosts: ReadonlySet<string> | null
  readonly carriedTokens: CarriedTokens
  /** Undefined unless `limits.sessionsPerAddress` is set. */
  readonly clientAddress: ClientAddress | undefined
  readonly publicViews: PublicViews
  /** The inspector's page, in development. */
  readonly inspectPage?: LocalPage
  /** Handles Clerk's webhooks. Undefined if there is no secret to verify them with. */
  readonly webhook?: (event: H3Event) => Promise<Response>
  readonly basePath: string
  readonly clock: () => number
  readonly random: () => number
  readonly logger: Logger
}

/** Clerk's servers call this route, not pages, so the signature replaces the origin rule. */
const webhookPath = '/webhook'

type Route = (event: H3Event) => unknown
type Methods = Readonly<Record<string, Route>>

/** @returns a plugin that adds the handlers of all routes under the base path to an app */
export function createAuthRoutes(options: AuthRoutesOptions): (app: H3) => void {
  const { hub, cookie, origins, allowedHosts, carriedTokens, publicViews, webhook, basePath, logger } = options
  const { inspectPage, clientAddress, clock, random } = options
  const bodies = createBodyReader(logger)
  const startStream = createSseStreams({ clock, random })
  const requireCookie = createRequireCookie(cookie, logger)

  const routes: Readonly<Record<string, Methods>> = {
    '/events': { GET: getEvents, POST: postEvent },
    '/session': { GET: getSession },
    ...(inspectPage && createInspectRoutes({ page: inspectPage, startStream })),
    ...(webhook && { [webhookPath]: { POST: webhook } }),
  }

  const toAddress = (event: H3Event) => clientAddress && toAddressOwner(clientAddress(event))

  async function getEvents(event: H3Event) {
    requireCookie(event)
    const { tab } = toTab(event.url.searchParams.get('tab'))
    const carried = carriedTokens.read(event)
    const opened = await hub.open({ cookieIds: cookie.read(event), carried, tab, address: toAddress(event) })
    setCookie(event, opened.cookieId)
    return openStream(event, { tab, startStream, attach: (stream) => opened.attach(stream) })
  }

  async function postEvent(event: H3Event) {
    requireCookie(event)
    requireJson(event)
    const request = toAuthRequest(await bodies.readJson(event, maxBody))
    const cookieIds = cookie.read(event)
    const { tab, seq } = request
    if (request.type === 'session.cleared') logger.debug('session.clearing')
    const answer =
      request.type === 'token.received'
        ? await hub.receive({ token: request.token, tab, seq, cookieIds, address: toAddress(event) })
        : await hub.clear({ sessionId: request.sessionId, tab, seq, cookieIds })
    setCookie(event, answer.cookieId)
    return answerView(event, answer)
  }

  async function getSession(event: H3Event) {
    requireCookie(event)
    const view = await hub.view({ cookieIds: cookie.read(event) })
    return answerJson(event, publicViews.toJson(view ?? toUncheckedView(clock())))
  }

  function answerView(event: H3Event, { view, error }: HubAnswer): string {
    // A pending session is a normal verdict: the user is signed out, and the view says why.
    if (!error || error.code === 'session-pending') return answerJson(event, publicViews.toJson(view))
    return answerProblem(event, error, publicViews.toView(view))
  }

  function setCookie(event: H3Event, cookieId: string | undefined) {
    if (cookieId !== undefined) event.res.headers.append('set-cookie', cookie.toHeader(event, cookieId))
  }

  /**
   * Labels the answer with the request it belongs to, so that the client recognises an answer from a cache or a service
   * worker.
   */
  function nameConnection(event: H3Event) {
    const connection = toConnection(event)
    if (connection !== null) event.res.headers.set(connectionHeader, connection)
  }

  /**
   * `path` is the route that h3 found. If the app is mounted, the URL may begin with a prefix that is not known here. It
   * may end with a slash, because some frameworks redirect every request to such a path.
   */
  function answer(event: H3Event, path: string, methods: Methods): unknown {
    const { method } = event.req
    const isFromPages = path !== webhookPath
    if (method === 'OPTIONS' && isFromPages) return origins.preflight(event)
    const route = Object.hasOwn(methods, method) ? methods[method] : undefined
    if (!route) {
      event.res.headers.set('allow', [...Object.keys(methods), ...(isFromPages ? ['OPTIONS'] : [])].join(', '))
      throw new AuthError('method-not-allowed')
    }
    if (isFromPages) {
      origins.require(event)
      nameConnection(event)
    }
    return route(event)
  }

  /** @param methods Null if no route has this path. */
  async function handle(event: H3Event, path: string, methods: Methods | null): Promise<unknown> {
    const response = event.runtime?.node?.res
    if (response && isPatched(response, 'end')) acceptCallbackInEnd(response)
    origins.vary(event)
    try {
      requireHost(event, allowedHosts)
      if (!methods) throw new AuthError('not-found')
      return await answer(event, path, methods)
    } catch (cause) {
      const error = toAuthError(cause)
      // The unread rest of the body would block the next request on the connection (RFC 9110 §15.5.14). Over HTTP/2
      // each request has its own stream, and there is no such header (RFC 9113 §8.2.2).
      if (error.code === 'body-too-large' && error.cause && event.runtime?.node?.req.httpVersionMajor !== 2) {
        event.res.headers.set('connection', 'close')
      }
      if (error.code === 'internal') logger.error('request.failed', { error: cause })
      return answerProblem(event, error)
    }
  }

  return (app) => {
    requireDistinct(app, { basePath, cookieName: cookie.name })
    // h3 looks up a route without parameters in a map. The pattern below catches all other paths, so that they are
    // answered with a problem document.
    for (const [path, methods] of Object.entries(routes)) {
      app.all(`${basePath}${path}`, (event) => handle(event, path, methods))
    }
    for (const path of [basePath, `${basePath}/**`]) app.all(path, (event) => handle(event, path, null))
  }
}
