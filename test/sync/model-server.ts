import type { SimulatedClock } from 'xstate'
import { authErrors, type AuthErrorCode } from '../../machines/auth-error.ts'
import { type AuthView, toUncheckedView } from '../../machines/auth-view.ts'
import { SyncError } from '../../machines/sync/sync-error.ts'
import type { ByeReason, PostEventInput, SyncEvent } from '../../machines/sync/sync-events.ts'
import { readToken } from './model-clerk.ts'

/** The callbacks for the events of a stream. */
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
 * Creates the server as one browser sees it, on a simulated clock: one cookie, its session, its streams and its
 * tombstones. It is a small model of the protocol. The tests of the client use the real server.
 */
export function createModelServer(clock: SimulatedClock, now: () => number) {
  let cookie: ModelSession | null = null
  let channels = 0
  const streams = new Map<Listener, { tab: string; session: ModelSession; timer: number }>()
  const clearedAt = new Map<string, number>()

  const server = {
    /** The ms that are added to the server's clock. */
    skew: 0,
    tolerance: 60_000,
    isPinging: true,
    streamFailure: null as SyncError | null,
    postFailure: null as SyncError | null,
    /** If true, the actor that opens a stream throws. */
    isCrashing: false,
    /** If true, a stream opens and sends nothing. With a reason it sends only a goodbye. */
    isSilent: false as boolean | ByeReason,
    /** If true, the answer to a post never comes. */
    isMute: false,
    /** If true, every token proves a Clerk session with an unfinished task. */
    isPending: false,
    /** If true, the browser keeps no cookie, so a request that names no session creates one. */
    isCookieless: false,
    /**
     * This many requests in turn go to another node that shares no sessions with the others. With 0 there is one
     * node.
     */
    nodes: 0,
    /** If true, a sign-out reaches another node, and no node stores a session without a verdict. */
    isClearElsewhere: false,
    /** The error that answers a poll instead of the view. */
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
    /** Ends every stream, as a planned end or as a broken connection. */
    drop(reason?: ByeReason) {
      for (const { send, fail } of streams.keys()) {
        if (reason) send({ type: 'stream.ended', reason })
        else fail(new SyncError('network-failed', 'dropped'))
      }
    },
    /** Stops all messages of the current streams. The streams seem to stay open. */
    mute() {
      for (const listener of streams.keys()) server.disconnect(listener)
    },
    /** Loses the cookie, as if it was never shared. The next request creates a new session. */
    forget() {
      cookie = null
    },
    /** Restarts the server without a store, so all sessions are lost. */
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
        if (server.isClearElsewhere && !view.authChecked)
          return { ...toUncheckedView(now()), ...signedOut, error: null }
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
    /** Ends the session from the server's side. */
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

  /** Returns the session of the cookie, if the node that is asked knows it. */
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
