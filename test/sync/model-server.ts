import type { SimulatedClock } from 'xstate'
import { authErrors, type AuthErrorCode } from '../../machines/auth-error.ts'
import type { AuthView } from '../../machines/auth-view.ts'
import { toUncheckedView } from '../../machines/auth-view.ts'
import { SyncError } from '../../machines/sync/sync-error.ts'
import type { ByeReason, PostEventInput, SyncEvent } from '../../machines/sync/sync-events.ts'
import { readToken } from './model-clerk.ts'

/** The events of a stream of the model. */
export interface Listener {
  send(event: SyncEvent): void
  fail(error: SyncError): void
}

export interface ModelSession {
  view: AuthView
  iat: number
  seqs: Map<string, number>
  expiry: number | undefined
}

export interface LoggedPost {
  readonly at: number
  readonly event: PostEventInput
  readonly userId: string | null
  readonly orgId: string | null
}

export const toError = (code: AuthErrorCode, retryAfter: number | null = null) =>
  new SyncError(code, authErrors[code].title, { retryable: authErrors[code].retryable, retryAfter })

/**
 * The server as one browser sees it, on a simulated clock: one cookie, its session, its streams, its tombstones. Small
 * and after DESIGN section 4; the real server is met in the tests of the client.
 */
export function createModelServer(clock: SimulatedClock, now: () => number) {
  let cookie: ModelSession | null = null
  let channels = 0
  const streams = new Map<Listener, { tab: string; session: ModelSession; timer: number }>()
  const clearedAt = new Map<string, number>()

  const server = {
    /** Added to the server's clock. */
    skew: 0,
    tolerance: 60_000,
    isPinging: true,
    streamFailure: null as SyncError | null,
    postFailure: null as SyncError | null,
    /** The actor that opens a stream throws. */
    isCrashing: false,
    /** A stream opens, and says nothing but, if told so, goodbye. */
    isSilent: false as boolean | ByeReason,
    /** The answer to a post never comes. */
    isMute: false,
    /** Every token proves a Clerk session with a task to finish. */
    isPending: false,
    /** No cookie is kept: a request that names no session makes one of its own. */
    isCookieless: false,
    /** So many requests in turn go to another node, which shares no sessions with the others; 0: there is one node. */
    nodes: 0,
    /** The view is not told to those who ask for it. */
    pollFailure: null as SyncError | null,
    rotates: false as boolean,
    posts: [] as LoggedPost[],
    connects: [] as number[],
    polls: [] as number[],
    get view() {
      return cookie?.view ?? null
    },
    get openStreams() {
      return streams.size
    },
    connect(tab: string, channel: string | undefined, listener: Listener) {
      server.connects.push(now())
      if (server.streamFailure) return listener.fail(server.streamFailure)
      if (server.isCookieless && channel) return listener.fail(toError('cookie-missing'))
      if (typeof server.isSilent === 'string') listener.send({ type: 'stream.ended', reason: server.isSilent })
      if (server.isSilent) return
      const session = findSession()
      const ping = () => {
        const stream = streams.get(listener)
        if (!stream) return
        if (server.isPinging) listener.send({ type: 'ping.received', now: now() + server.skew })
        stream.timer = clock.setTimeout(ping, 15_000)
      }
      streams.set(listener, { tab, session, timer: clock.setTimeout(ping, 15_000) })
      listener.send({ type: 'view.received', view: toFrame(session) })
    },
    disconnect(listener: Listener) {
      const stream = streams.get(listener)
      if (stream) clock.clearTimeout(stream.timer)
      streams.delete(listener)
    },
    /** Ends every stream, as a planned end or a broken connection. */
    drop(reason?: ByeReason) {
      for (const { send, fail } of streams.keys()) {
        if (reason) send({ type: 'stream.ended', reason })
        else fail(new SyncError('network-failed', 'dropped'))
      }
    },
    /** Nothing more comes through the streams of now, which stay open for all that anybody can tell. */
    mute() {
      for (const listener of streams.keys()) server.disconnect(listener)
    },
    /** The cookie is lost, or was never shared: the next request makes a new session. */
    forget() {
      cookie = null
    },
    /** A restart without a store: all sessions are forgotten. */
    restart() {
      cookie = null
      server.drop('closing')
    },
    async answerView(channel: string | undefined, signal: AbortSignal): Promise<AuthView> {
      server.polls.push(now())
      if (server.isMute) return new Promise((_, reject) => signal.addEventListener('abort', reject))
      if (server.pollFailure) throw server.pollFailure
      if (server.isCookieless && channel) throw toError('cookie-missing')
      return cookie && !server.isCookieless ? toFrame(cookie) : toUncheckedView(now() + server.skew)
    },
    async post(event: PostEventInput, signal: AbortSignal): Promise<AuthView> {
      const token = 'token' in event ? readToken(event.token.reveal()) : null
      server.posts.push({ at: now(), event, userId: token?.userId ?? null, orgId: token?.orgId ?? null })
      if (server.isMute) return new Promise((_, reject) => signal.addEventListener('abort', reject))
      if (server.postFailure) throw server.postFailure
      if (server.isCookieless && event.channel) throw toError('cookie-missing')
      const session = findSession()
      if ((session.seqs.get(event.tab) ?? 0) >= event.seq) return toFrame(session)
      session.seqs.set(event.tab, event.seq)
      const { view } = session
      if (!token) {
        const sessionId = (event as { sessionId?: string }).sessionId
        if (sessionId) clearedAt.set(sessionId, Math.floor((now() + server.skew) / 1000))
        if (sessionId && view.isSignedIn && view.sessionId !== sessionId) return toFrame(session)
        change(session, { ...signedOut, error: null })
        return toFrame(session)
      }
      if (server.isPending) {
        server.signOut('session-pending', session)
        return toFrame(session)
      }
      if (token.iat <= (clearedAt.get(token.sessionId) ?? -1)) throw refuse(session, 'token-superseded')
      if (token.exp * 1000 + server.tolerance <= now() + server.skew) throw refuse(session, 'token-expired')
      if (view.isSignedIn && view.sessionId === token.sessionId && token.iat < session.iat) return toFrame(session)
      const isOther = view.userId !== token.userId || view.sessionId !== token.sessionId
      session.iat = token.iat
      change(session, {
        state: 'signedIn',
        authChecked: true,
        isSignedIn: true,
        userId: token.userId,
        sessionId: token.sessionId,
        orgId: token.orgId,
        orgRole: token.orgRole,
        error: null,
        expiresAt: token.exp * 1000,
      })
      clock.clearTimeout(session.expiry ?? -1)
      const left = token.exp * 1000 + server.tolerance - now() - server.skew
      session.expiry = clock.setTimeout(() => server.signOut('token-expired', session), left)
      if (isOther && server.rotates) {
        for (const [{ send }, { tab }] of streams)
          if (tab !== event.tab) send({ type: 'stream.ended', reason: 'rotated' })
      }
      return toFrame(session)
    },
    /** The server ends the session by itself. */
    signOut(code: AuthErrorCode, session = cookie) {
      if (session) change(session, { ...signedOut, error: toErrorView(code) })
    },
    show(part: Partial<AuthView>, session = cookie) {
      if (session) change(session, part)
    },
  }

  const signedOut = {
    state: 'signedOut',
    authChecked: true,
    isSignedIn: false,
    userId: null,
    sessionId: null,
    orgId: null,
    orgRole: null,
    expiresAt: null,
  } as const
  const toErrorView = (code: AuthErrorCode) => ({
    code,
    message: authErrors[code].title,
    retryable: authErrors[code].retryable,
  })

  let requests = 0

  /** The session of the cookie, where the node that is asked knows it. */
  function findSession(): ModelSession {
    const node = server.nodes > 0 ? `node${requests++ % server.nodes}.` : ''
    const isKnown = cookie !== null && !server.isCookieless && cookie.view.channel.startsWith(node)
    return isKnown ? cookie! : (cookie = createSession(node))
  }

  function createSession(node: string): ModelSession {
    const view = { ...toUncheckedView(0), channel: `${node}channel-${++channels}`, rev: 1 }
    return { view, iat: 0, seqs: new Map(), expiry: undefined }
  }

  function toFrame(session: ModelSession): AuthView {
    return { ...session.view, now: now() + server.skew }
  }

  function change(session: ModelSession, part: Partial<AuthView>) {
    session.view = { ...session.view, ...part, rev: session.view.rev + 1 }
    for (const [{ send }, stream] of streams) {
      if (stream.session === session) send({ type: 'view.received', view: toFrame(session) })
    }
  }

  function refuse(session: ModelSession, code: AuthErrorCode): SyncError {
    if (!session.view.isSignedIn) change(session, { ...signedOut, error: toErrorView(code) })
    const { title, retryable } = authErrors[code]
    return new SyncError(code, title, { retryable, view: toFrame(session) })
  }

  return server
}
