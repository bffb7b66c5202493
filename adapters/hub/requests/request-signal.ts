import { AuthError } from '../../../machines/auth-error.ts'
import type { AuthRule } from '../../../machines/is-allowed.ts'
import { andThen } from '../../eventual.ts'
import { setUnrefTimeout } from '../../timing/unref-clock.ts'
import type { FoundSession } from '../cookies/cookie-index.ts'
import { toIdentitySignal } from '../session/identity-signals.ts'
import type { LiveSession } from '../session/live-session.ts'
import { toAdmitted } from './admit-request.ts'
import type { HubParts, HubRequest } from './hub-requests.ts'

/**
 * Creates the function that gives a request a signal, which aborts when the identity of its session ends or the rule no
 * longer holds.
 */
export function createRequestSignal({
  lifecycle,
  lookup,
}: HubParts): (req: HubRequest, rule?: AuthRule) => AbortSignal {
  const { registry } = lifecycle

  function toSignal(session: LiveSession | null, rule: AuthRule | undefined): AbortSignal {
    if (!session || !registry.has(session) || !session.view().isSignedIn) {
      return AbortSignal.abort(new AuthError('not-signed-in'))
    }
    const { state } = session
    const signal = toIdentitySignal(session, rule)
    // A session that could be spared so far is kept for the work that the signal guards.
    if (state.isFollower || state.isUnclaimed) registry.reconsider(session)
    return signal
  }

  return (request, rule) => {
    const { cookieIds, admission } = request
    const admitted = toAdmitted(request)
    if (admitted) return toTimelySignal(toSignal(admitted, rule), admission?.endsAt)
    const here = lookup.findHere(cookieIds)
    if (here !== undefined) return toSignal(toCurrent(here), rule)
    // This node does not know the session, or the store may know better, so the signal waits for the store.
    return toLaterSignal(andThen(lookup.find(cookieIds), async (found) => toSignal(toCurrent(found), rule)))
  }
}

/** @returns the session of a cookie, or null if the cookie is retired */
export const toCurrent = (found: FoundSession | null): LiveSession | null =>
  found && !found.retired ? found.session : null

/** @returns a signal that also aborts at `endsAt`, by `performance.now()`, if that is given */
function toTimelySignal(signal: AbortSignal, endsAt: number | undefined): AbortSignal {
  if (endsAt === undefined || signal.aborted) return signal
  const controller = new AbortController()
  const end = () => controller.abort(new AuthError('not-signed-in'))
  const timer = setUnrefTimeout(end, Math.max(0, endsAt - performance.now()))
  const abort = () => {
    clearTimeout(timer)
    controller.abort(signal.reason)
  }
  signal.addEventListener('abort', abort, { once: true })
  controller.signal.addEventListener('abort', () => signal.removeEventListener('abort', abort), { once: true })
  return controller.signal
}

/** @returns a signal that follows the promised one; it also aborts if the promise rejects */
function toLaterSignal(later: Promise<AbortSignal>): AbortSignal {
  const controller = new AbortController()
  const follow = (signal: AbortSignal) => {
    const abort = () => controller.abort(signal.reason)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  }
  later.then(follow, (error: unknown) => controller.abort(error))
  return controller.signal
}
