import { AuthError, authErrors, toAuthError } from '../../../machines/auth-error.ts'
import type { AuthView } from '../../../machines/auth-view.ts'
import type { BearerToken } from '../../../machines/bearer-token.ts'
import { andThen } from '../../eventual.ts'
import { perTurn } from '../../timing/per-turn.ts'
import { withDeadline } from '../../timing/with-deadline.ts'
import { toAliases, type FoundSession } from '../cookies/cookie-index.ts'
import { toRotated } from '../cookies/cookie-rotation.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { HubAnswer, HubParts, TokenRequest } from './hub-requests.ts'

/** Creates the function that has a token checked, and answers after the verdict. */
export function createReceiveToken(parts: HubParts): (request: TokenRequest) => Promise<HubAnswer> {
  const { lifecycle, lookup, tokens, verify, verifyTimeout, clock, logger, serve } = parts
  const { records, rotation } = lifecycle

  async function receiveKnown(found: FoundSession, { token, tab, seq }: TokenRequest): Promise<HubAnswer> {
    const { session, alias, retired } = found
    const { state } = session
    state.budget.spend(clock())
    if (retired) await requireSameClerkSession(session.view(), token)
    if (state.seqs.isOutdone(tab, seq)) {
      // The token is older than one that was seen, so no cookie is given out for it. Its answer may arrive first.
      const unstored = await storeSignIn(session)
      return requireOwn(alias, token, { view: session.view(), error: unstored })
    }
    if (!state.seqs.accept(tab, seq)) return requireOwn(alias, token, { view: session.view(), error: null })
    const error = await tokens.decide(session, token, tab)
    if (!error) state.seqs.noteDecision(tab, seq)
    if (!error) rotation.rotateIfDue(session, tab)
    if (error && authErrors[error.code].state === 'error') rotation.holdFor(found, token, tab)
    if (!error && retired) await rotation.adoptBrowser(session)
    const unstored = await storeSignIn(session)
    const answer = { view: session.publish(), error: error ?? unstored }
    if (!error) return requireOwn(alias, token, { ...answer, cookieId: rotation.toNewCookie(session, alias) })
    // The error tells nothing about the other user.
    if (isOthers(alias, answer)) throw error
    return {
      ...answer,
      cookieId: rotation.isHeldFor(session, token) ? rotation.toNewCookie(session, alias) : undefined,
    }
  }

  /**
   * While a token is decided on, another user may sign in. Their view is not for the holder of the old cookie, unless
   * the token proves the same Clerk session.
   */
  function requireOwn(alias: string, token: BearerToken, answer: HubAnswer) {
    const isProven = tokens.sessionOf(token) === answer.view.sessionId
    if (isProven || !isOthers(alias, answer)) return answer
    return requireSameClerkSession(answer.view, token).then(() => answer)
  }

  const isOthers = (alias: string, { view }: HubAnswer) => view.userId !== null && rotation.isOutdated(alias)

  /** A token without a session makes one only if it signs in. */
  async function receiveUnknown({ cookieIds, token, tab, seq, address }: TokenRequest): Promise<HubAnswer> {
    const session = lifecycle.create({ address })
    return serve(session, async () => {
      const error = await tokens.decide(session, token, tab)
      if (error || !session.view().isSignedIn) {
        session.stop()
        return { view: session.view(), error }
      }
      session.state.seqs.accept(tab, seq)
      session.state.seqs.noteDecision(tab, seq)
      lifecycle.admit(session)
      const unstored = await storeSignIn(session)
      if (!unstored) void rotation.replaceUnknown(session, toAliases(cookieIds))
      return { view: session.view(), error: unstored, cookieId: rotation.toNewCookie(session, undefined) }
    })
  }

  /**
   * Waits until every node can know the sign-in that the browser is about to be told of. A sign-in must be stored before
   * it is acknowledged, or another node would find nobody to sign out. A renewal may be stored later.
   *
   * @returns null, or the error because of which other nodes cannot know it
   */
  async function storeSignIn(session: LiveSession): Promise<AuthError | null> {
    await records.keep(session)
    try {
      if (rotation.isOwed(session)) await rotation.settle(session)
      if (records.isKnown(session)) return null
    } catch (error) {
      logger.error('store.failed', { method: 'rotate', error })
    }
    return new AuthError('store-unavailable', undefined, { retryAfter: 1_000 })
  }

  /** The token distinguishes the browser that is signed in from anybody else who may hold its old cookie. */
  async function requireSameClerkSession({ sessionId }: AuthView, token: BearerToken) {
    try {
      const verified = await withDeadline(verifyTimeout, (signal) => verify(token, { signal }))
      if (sessionId === verified.sessionId) return tokens.know(token, verified)
    } catch (error) {
      logger.debug('cookie.retired', { code: toAuthError(error).code })
    }
    throw toRotated()
  }

  const receiveNewcomer = perTurn(receiveUnknown)

  return (request) =>
    andThen(lookup.find(request.cookieIds), (found) =>
      found ? serve(found.session, () => receiveKnown(found, request)) : receiveNewcomer(request),
    )
}
