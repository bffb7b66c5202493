import { AuthError, isAuthError } from '../../../machines/auth-error.ts'
import { toUncheckedView } from '../../../machines/auth-view.ts'
import { withDeadline } from '../../timing/with-deadline.ts'
import { isOwnedBy, retireFor, type FoundSession } from '../cookies/cookie-index.ts'
import type { AwaitedRotation } from '../node/awaited-rotations.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { Admission, AdmitRequest, HubParts, HubRequest } from './hub-requests.ts'

/** @returns the session that let a request in, as long as the admission lasts and the session proves nobody else */
export function toAdmitted({ admission }: HubRequest): LiveSession | null {
  if (!admission?.session || performance.now() >= (admission.endsAt ?? Infinity)) return null
  const { userId, sessionId } = admission.session.view()
  return userId === null || sessionId === admission.view.sessionId ? admission.session : null
}

/** Requests that may wait for a session's verdict at a time with a cookie that was given out for nobody. */
const maxWaiting = 16

/** Creates the function that waits for a verdict and lets a request in by its session, or else by its own token. */
export function createAdmitRequest(parts: HubParts): (request: AdmitRequest) => Promise<Admission> {
  const { lifecycle, lookup, awaited, tokens, noteUse, store, clock, logger } = parts

  /** Lets a request in by the first of its tokens that signs in, else by the last one. */
  async function admitByToken({ carried, timeout, giveUp }: AdmitRequest): Promise<Admission> {
    const bearers = carried()
    let admission: Admission = { view: toUncheckedView(clock()), session: null }
    const checkAll = async (signal: AbortSignal) => {
      for (const token of bearers) {
        const session = lifecycle.create()
        signal.addEventListener('abort', () => session.stop(), { once: true })
        await tokens.judge(session, token)
        if (signal.aborted) return
        session.stop()
        admission = { view: session.view(), session }
        if (admission.view.isSignedIn) return
      }
    }
    try {
      if (bearers.length > 0) await withDeadline(timeout, checkAll, giveUp)
      return admission
    } catch (error) {
      if (!isAuthError(error, 'verify-timeout')) throw error
      return { view: { ...toUncheckedView(clock()), state: 'verifying', timedOut: true }, session: null }
    }
  }

  const waiting = new WeakMap<LiveSession, number>()

  /**
   * A page load waits for its sign-in with a cookie that is for nobody yet, and so may an attacker who has planted that
   * cookie. Both are let in, few at a time, and only as long as the cookie is recognised after the sign-in.
   */
  async function admitByUnowned(found: FoundSession, request: AdmitRequest): Promise<Admission> {
    const { session } = found
    const before = waiting.get(session) ?? 0
    if (before >= maxWaiting) throw new AuthError('too-many-requests', undefined, { retryAfter: 1_000 })
    waiting.set(session, before + 1)
    try {
      return await (session.view().authChecked ? admitHere(found, request) : admitAnywhere(found, request))
    } finally {
      waiting.set(session, (waiting.get(session) ?? 1) - 1)
    }
  }

  async function admitHere({ session, alias }: FoundSession, { timeout, giveUp }: AdmitRequest): Promise<Admission> {
    const view = await session.whenChecked(timeout, giveUp)
    if (view.userId === null) return { view, session }
    const known = lifecycle.cookies.find(alias)
    return known?.session === session
      ? { view, session, endsAt: known.due ?? performance.now() + retireFor }
      : { view: { ...toUncheckedView(clock()), timedOut: true }, session: null }
  }

  /** The token of the sign-in may be posted to another node, which knows neither this cookie nor this session. */
  async function admitAnywhere(found: FoundSession, request: AdmitRequest): Promise<Admission> {
    const rotation = awaited.wait(found.alias)
    const here = admitHere(found, request)
    try {
      return await Promise.race([here, admitElsewhere(found.alias, rotation, request).catch(() => here)])
    } finally {
      rotation.end()
    }
  }

  async function admitElsewhere(alias: string, { next }: AwaitedRotation, request: AdmitRequest): Promise<Admission> {
    // From this reading on, the store tells of the rotation. One from before it comes too late for this request.
    const stored = await store.read(alias)
    if (stored?.retired) return admitByToken(request)
    const found = await lookup.load(await next)
    if (!found || found.retired) return admitByToken(request)
    const { session } = found
    return { view: session.view(), session, endsAt: performance.now() + retireFor }
  }

  async function admit(request: AdmitRequest): Promise<Admission> {
    const { cookieIds, timeout, giveUp } = request
    const admitted = toAdmitted(request)
    if (admitted && !lifecycle.registry.has(admitted))
      return { ...request.admission, view: admitted.view(), session: admitted }
    const found = admitted ? null : await lookup.find(cookieIds)
    const session = admitted ?? (found?.retired === false ? found.session : null)
    if (!session) return admitByToken(request)
    if (found?.userId === null) return admitByUnowned(found, request)
    const view = await session.whenChecked(timeout, giveUp)
    // A user who signed in meanwhile is shown only to a browser with a cookie of its own, not with another user's.
    const isForeign = found?.userId != null && !isOwnedBy(view.userId, found.userId)
    if (isForeign) return { view: { ...toUncheckedView(clock()), timedOut: true }, session: null }
    return { ...(admitted && request.admission), view, session }
  }

  return async (request) => {
    const { timeout } = request
    logger.debug('check.awaited', { timeout })
    const admission = await admit(request)
    const { state, timedOut } = admission.view
    if (timedOut) logger.debug('check.timedOut', { timeout, state })
    else if (admission.session) logger.debug('check.completed', { state })
    else logger.debug('check.unasked')
    if (admission.session) noteUse(admission.session)
    return admission
  }
}
