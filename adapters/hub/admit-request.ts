import { isAuthError } from '../../machines/auth-error.ts'
import { toUncheckedView } from '../../machines/auth-view.ts'
import type { AuthView } from '../../machines/auth-view.ts'
import type { BearerToken } from '../../machines/bearer-token.ts'
import { withDeadline } from './deadline.ts'
import type { HubParts, HubRequest } from './hub-requests.ts'
import type { LiveSession } from './live-session.ts'
import { isOwnedBy } from './session-cookies.ts'

/**
 * Whom a request was let in as. The sign-in that it waited for retires its cookie, and what its own token proves is in no
 * registry: what comes after it in the same request is told by this.
 */
export interface Admission {
  readonly view: AuthView
  /** What tells more of it later; null where there is nothing. */
  readonly session: LiveSession | null
}

export interface AdmitRequest extends HubRequest {
  /** Tokens that came along: they count where there is no session. */
  readonly carried: readonly BearerToken[]
  /** Ms. */
  readonly timeout: number
  /** Ends the wait with its reason. */
  readonly giveUp?: AbortSignal
}

/** The session that a request was let in by, as long as it does not prove somebody else. */
export function toAdmitted({ admission }: HubRequest): LiveSession | null {
  if (!admission?.session) return null
  const { userId, sessionId } = admission.session.view()
  return userId === null || sessionId === admission.view.sessionId ? admission.session : null
}

/** → lets a request in as whoever its session proves once a verdict stands, else as whoever its own token proves. */
export function createAdmitRequest({
  life,
  lookup,
  tokens,
  clock,
}: Pick<HubParts, 'life' | 'lookup' | 'tokens' | 'clock'>): (request: AdmitRequest) => Promise<Admission> {
  const { registry } = life

  /** Of several tokens the first that signs in, else the last. */
  async function admitByToken({ carried, timeout, giveUp }: AdmitRequest): Promise<Admission> {
    let admission: Admission = { view: toUncheckedView(clock()), session: null }
    const checkAll = async (signal: AbortSignal) => {
      for (const token of carried) {
        const session = life.create()
        signal.addEventListener('abort', () => session.stop(), { once: true })
        await tokens.decide(session, token, undefined)
        if (signal.aborted) return
        admission = { view: session.view(), session }
        session.stop()
        if (admission.view.isSignedIn) return
      }
    }
    try {
      if (carried.length > 0) await withDeadline(timeout, checkAll, giveUp)
      return admission
    } catch (error) {
      if (!isAuthError(error, 'verify-timeout')) throw error
      return { view: { ...toUncheckedView(clock()), state: 'verifying', timedOut: true }, session: null }
    }
  }

  return async (request) => {
    const { cookieIds, timeout, giveUp } = request
    const admitted = toAdmitted(request)
    if (admitted && !registry.has(admitted)) return { view: admitted.view(), session: admitted }
    const found = admitted ? null : await lookup.find(cookieIds)
    const session = admitted ?? (found?.retired === false ? found.session : null)
    if (!session) return admitByToken(request)
    const view = await session.whenChecked(timeout, giveUp)
    // Who signed in meanwhile is told to the browser that waits for it, and not to whoever has somebody else's cookie.
    const isForeign = found?.userId != null && !isOwnedBy(view.userId, found.userId)
    return isForeign ? { view: { ...toUncheckedView(clock()), timedOut: true }, session: null } : { view, session }
  }
}
