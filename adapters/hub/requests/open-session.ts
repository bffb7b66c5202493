import { AuthError, toAuthError } from '../../../machines/auth-error.ts'
import type { AuthView } from '../../../machines/auth-view.ts'
import type { BearerToken } from '../../../machines/bearer-token.ts'
import type { VerifiedSession } from '../../../machines/verified-session.ts'
import { withDeadline } from '../../timing/with-deadline.ts'
import { toRotated } from '../cookies/cookie-rotation.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { ViewStream } from '../session/view-stream.ts'
import type { HubParts, OpenedSession, StreamRequest } from './hub-requests.ts'

/** @returns the error for a new request while the hub closes */
export const toDraining = (): AuthError => new AuthError('draining', undefined, { retryAfter: 1_000 })

/** Creates the function that finds or makes the session of a stream, and signs it in by a carried token. */
export function createOpenSession(parts: HubParts): (request: StreamRequest) => Promise<OpenedSession> {
  const {
    lifecycle,
    lookup,
    tokens,
    store,
    verify,
    authWaitTimeout,
    clockTolerance,
    clock,
    logger,
    serve,
    isClosing,
    streamsPerSession,
  } = parts
  const { registry, cookies, rotation } = lifecycle

  /** @returns the Clerk session that a carried token proved, or null */
  async function raise(session: LiveSession, carried: readonly BearerToken[], tab: string | undefined) {
    for (const token of carried) {
      const { epoch } = session
      try {
        const verified = await withDeadline(authWaitTimeout, (signal) => verify(token, { signal, refresh: false }))
        // A sign-out that came meanwhile could not cut this check off, and a token that is being checked is newer.
        if (epoch !== session.epoch || session.isChecking) return null
        if (!isRaise(session.view(), verified)) continue
        // The reservation comes before the machine hears of the token, because the machine would note a refusal.
        registry.reserve(session, verified)
        tokens.know(token, verified)
        return (await tokens.decide(session, token, tab)) ? null : verified.sessionId
      } catch (error) {
        logger.debug('token.carried.ignored', { code: toAuthError(error).code })
      }
    }
    return null
  }

  function isRaise(view: AuthView, verified: VerifiedSession): boolean {
    const { status, userId, sessionId, expiresAt } = verified
    if (status !== 'active' || clock() >= expiresAt + clockTolerance || store.findTombstone(verified)) return false
    const isSame = view.userId === userId && view.sessionId === sessionId
    return !view.isSignedIn || (isSame && expiresAt > (view.expiresAt ?? 0))
  }

  /** Checked when a stream is requested and again when it begins, because many may be requested at once. */
  const isFull = ({ streams }: LiveSession, tab: string | undefined) =>
    streams.size >= streamsPerSession && !streams.find(tab)

  const createAttach = (session: LiveSession, alias: string) => (stream: ViewStream) => {
    const isClosed = isClosing() || !registry.has(session) || isFull(session, stream.tab)
    if (isClosed || rotation.isOutdated(alias)) {
      stream.end(isClosed ? 'closing' : 'rotated')
      return () => {}
    }
    session.streams.add(stream)
    registry.reconsider(session)
    return createDetach(session, stream)
  }

  /** A closure of its own, because it lives as long as the stream and keeps what the closures around it keep. */
  const createDetach = (session: LiveSession, stream: ViewStream) => () => {
    session.streams.delete(stream)
    registry.reconsider(session)
  }

  return async ({ cookieIds, tab, carried, address }) => {
    // Many streams that are asked for at once wait for their turn, and the hub may begin to close meanwhile.
    if (isClosing()) throw toDraining()
    const found = await lookup.find(cookieIds)
    if (found?.retired) throw toRotated()
    const session = found?.session ?? lifecycle.create({ address })
    return serve(session, async () => {
      if (found) session.state.budget.spend(clock())
      if (isFull(session, tab)) {
        throw new AuthError('too-many-requests', undefined, { retryAfter: 5_000 })
      }
      const raised = await raise(session, carried, tab)
      // The session is admitted after its token is judged: at the cap, only a signed-in newcomer takes another's place.
      if (!found) lifecycle.admit(session)
      const alias = cookies.current(session)?.alias ?? cookies.issue(session).to
      await rotation.underWay(session)
      // If a user signed in meanwhile, neither the view nor the new cookie is for the holder of the old cookie.
      const isOwn = raised !== null && raised === session.view().sessionId
      if (found && !isOwn && rotation.isOutdated(found.alias)) throw toRotated()
      const cookieId = rotation.toNewCookie(session, found?.alias)
      return { cookieId, attach: createAttach(session, cookieId === undefined ? (found?.alias ?? alias) : alias) }
    })
  }
}
