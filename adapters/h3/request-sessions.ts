import { toUncheckedView, type AuthView } from '../../machines/auth-view.ts'
import type { Explanation, ExplanationFacts } from '../../machines/explain/explain.ts'
import type { AuthRule } from '../../machines/is-allowed.ts'
import type { Admission } from '../hub/requests/hub-requests.ts'
import type { SessionHub } from '../hub/session-hub.ts'
import type { CarriedTokens } from './carried-tokens.ts'
import { createRequestFacts, type RequestFacts, type RequestSource, type ToRequestFacts } from './request-facts.ts'
import { requireRule } from './require-rule.ts'
import type { SessionCookie } from './session-cookie.ts'

export interface CheckOptions {
  /** Ms; default `authWaitTimeout`. */
  readonly timeout?: number
  readonly signal?: AbortSignal
}

/** Asks the hub about the session of a request, whatever the framework that the request comes from. */
export interface RequestSessions {
  readonly toFacts: ToRequestFacts
  /** @returns the view now; an unchecked one if the request has no session */
  view(from: RequestSource): Promise<AuthView>
  /** @returns the view when there is a verdict, or when the time is up */
  readonly check: (facts: RequestFacts, options?: CheckOptions) => Promise<AuthView>
  /** @throws TypeError naming the rule that cannot be used */
  signal(from: RequestSource, rule?: AuthRule): AbortSignal
  explain(from: RequestSource, facts: ExplanationFacts): Promise<Explanation>
}

export interface RequestSessionsOptions {
  readonly hub: SessionHub
  readonly cookie: SessionCookie
  readonly carriedTokens: CarriedTokens
  /** Ms. */
  readonly authWaitTimeout: number
  /** Epoch ms. */
  readonly clock: () => number
}

export function createRequestSessions(options: RequestSessionsOptions): RequestSessions {
  const { hub, cookie, carriedTokens, authWaitTimeout, clock } = options
  const toFacts = createRequestFacts()
  /**
   * Remembers how each request was let in. A request that waited for a sign-in, or was judged by its own token, keeps
   * that identity until it ends.
   */
  const admissions = new WeakMap<RequestFacts, Admission>()

  const toHubRequest = (facts: RequestFacts) => ({ cookieIds: cookie.read(facts), admission: admissions.get(facts) })

  return {
    toFacts,
    async view(from) {
      return (await hub.view(toHubRequest(toFacts(from)), { isUse: true })) ?? toUncheckedView(clock())
    },
    async check(facts, { timeout = authWaitTimeout, signal: giveUp } = {}) {
      const carried = () => carriedTokens.read(facts)
      const admission = await hub.admit({ ...toHubRequest(facts), carried, timeout, giveUp })
      if (!admission.view.timedOut) admissions.set(facts, admission)
      return admission.view
    },
    signal(from, rule) {
      if (rule) requireRule('signal', rule)
      return hub.signal(toHubRequest(toFacts(from)), rule)
    },
    explain: async (from, facts) => hub.explain(toHubRequest(toFacts(from)), facts),
  }
}
