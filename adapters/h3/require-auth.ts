import type { H3Event, Middleware } from 'h3'
import { AuthError, toAuthError } from '../../machines/auth-error.ts'
import { isSignedIn, type AuthView, type SignedInView } from '../../machines/auth-view.ts'
import { toRuleRefusal, type AuthRule } from '../../machines/is-allowed.ts'
import type { Logger } from '../logger.ts'
import { isUnsafe } from './origin-rule.ts'
import { answerProblem } from './problem.ts'
import type { RequestFacts, RequestSource, ToRequestFacts } from './request-facts.ts'
import { requireRule } from './require-rule.ts'

/** Options of `requireAuth` and `require`: a rule for the signed-in user, and one for where the request comes from. */
export interface RequireAuthOptions<From = H3Event> extends AuthRule {
  /** Your own rule, called with the view and the request. A falsy result refuses. */
  readonly check?: (view: SignedInView, from: From) => unknown
  /**
   * Requires a request that may change something to come from a page of this server or of one of `allowedOrigins`,
   * because a browser also sends its cookies from pages of other sites. A request that no cookie proves, such as one
   * with only a Bearer token, may come from anywhere. Default true.
   */
  readonly csrf?: boolean
}

export interface RequireAuthParts {
  readonly toFacts: ToRequestFacts
  readonly whenChecked: (facts: RequestFacts) => Promise<AuthView>
  /** @throws AuthError `origin-rejected` */
  readonly requireOrigin: (facts: RequestFacts, isChange: boolean) => void
  readonly isProvenByCookie: (facts: RequestFacts) => boolean
  readonly logger: Logger
}

export interface RequireAuth {
  /**
   * Waits for the verdict on a request.
   * @throws AuthError `not-signed-in`, `forbidden`, `reverification-needed` or `origin-rejected`, or the reason why
   * there is no verdict
   */
  require<From extends RequestSource>(from: From, options?: RequireAuthOptions<From>): Promise<SignedInView>
  /** The same check for a request that changes something, whatever its method is. */
  requireChange(from: RequestSource): Promise<SignedInView>
  /** Makes middleware that answers with these errors. @throws TypeError naming the option that cannot be used */
  middleware(options?: RequireAuthOptions): Middleware
}

export function createRequireAuth(parts: RequireAuthParts): RequireAuth {
  const { toFacts, whenChecked, requireOrigin, isProvenByCookie, logger } = parts

  async function requirePass<From extends RequestSource>(
    from: From,
    options: RequireAuthOptions<From>,
    always = false,
  ): Promise<SignedInView> {
    const { check, csrf = true, ...rule } = options
    const facts = toFacts(from)
    const isChange = always || isUnsafe(facts)
    if (csrf && isChange && isProvenByCookie(facts)) requireOrigin(facts, isChange)
    const view = await whenChecked(facts)
    if (!isSignedIn(view)) throw toUndecided(view) ?? new AuthError('not-signed-in')
    const refusal = toRuleRefusal(view, rule)
    if (refusal) throw new AuthError(refusal, undefined, { freshness: rule.freshness })
    if (check && !(await check(view, from))) throw new AuthError('forbidden')
    return view
  }

  return {
    async require(from, options = {}) {
      requireOptions(options)
      return requirePass(from, options)
    },
    requireChange: (from) => requirePass(from, {}, true),
    middleware(options = {}) {
      requireOptions(options)
      return async (event, next) => {
        try {
          await requirePass(event, options)
        } catch (cause) {
          const error = toAuthError(cause)
          if (error.code === 'internal') logger.error('requireAuth.failed', { error: cause })
          return answerProblem(event, error)
        }
        return next()
      }
    },
  }
}

/** Returns the reason why there is no verdict yet, or null. Such a request must not be sent to the sign-in page. */
export function toUndecided({ state, error }: AuthView): AuthError | null {
  if (state === 'verifying') return new AuthError('verify-timeout')
  return state === 'error' && error ? new AuthError(error.code, error.message) : null
}

function requireOptions<From>(options: RequireAuthOptions<From>) {
  const { check, csrf } = options
  requireRule('requireAuth', options, ['check', 'csrf'])
  // A `check` that is given but undefined, such as a misspelt import, would let every user pass.
  if ('check' in options && typeof check !== 'function') throw new TypeError('requireAuth: check must be a function')
  if (csrf !== undefined && typeof csrf !== 'boolean') throw new TypeError('requireAuth: csrf must be true or false')
}
