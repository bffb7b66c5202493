import type { H3Event, Middleware } from 'h3'
import { AuthError, toAuthError } from '../../machines/auth-error.ts'
import type { AuthView } from '../../machines/auth-view.ts'
import type { AuthClaims } from '../../machines/verified-session.ts'
import type { Logger } from '../logger.ts'
import { isUnsafe } from './origin-rule.ts'
import { toPermissions } from './permissions.ts'
import { answerProblem } from './problem.ts'

export interface RequireAuthOptions {
  /** The role in the active organization, `org:admin` or `admin`. */
  readonly role?: string
  /** A permission in the active organization, such as `org:invoices:create`. */
  readonly permission?: string
  /** Your own rule. Falsy refuses. */
  readonly check?: (view: AuthView, event: H3Event) => unknown
  /**
   * Whether a request that may change something has to come from a page of this server or of one of `allowedOrigins`,
   * since a browser sends its cookies along from pages of other sites too. A request without a cookie that proves anything,
   * such as one with a Bearer token alone, may come from anywhere. Default true.
   */
  readonly csrf?: boolean
}

export interface RequireAuthParts {
  readonly whenChecked: (event: H3Event) => Promise<AuthView>
  /** @throws AuthError `origin-rejected` */
  readonly requireOrigin: (event: H3Event) => void
  readonly isProvenByCookie: (event: H3Event) => boolean
  readonly logger: Logger
}

const names: readonly string[] = ['role', 'permission', 'check', 'csrf'] satisfies readonly (keyof RequireAuthOptions)[]

/**
 * Makes middleware that lets only the signed-in pass: 401 `not-signed-in`, 403 `forbidden` or `origin-rejected`, and where
 * it could not be decided the error that says so, 503.
 */
export function createRequireAuth(parts: RequireAuthParts): (options?: RequireAuthOptions) => Middleware {
  const { whenChecked, requireOrigin, isProvenByCookie, logger } = parts
  return (options = {}) => {
    requireOptions(options)
    const { csrf = true } = options
    return async (event, next) => {
      try {
        if (csrf && isUnsafe(event) && isProvenByCookie(event)) requireOrigin(event)
        await requirePass(await whenChecked(event), options, event)
      } catch (cause) {
        const error = toAuthError(cause)
        if (error.code === 'internal') logger.error('requireAuth.failed', { error: cause })
        return answerProblem(event, error)
      }
      return next()
    }
  }
}

async function requirePass(view: AuthView, { role, permission, check }: RequireAuthOptions, event: H3Event) {
  if (!view.isSignedIn) throw toUndecided(view) ?? new AuthError('not-signed-in')
  if (role !== undefined && view.orgRole !== toRole(role)) throw new AuthError('forbidden')
  if (permission !== undefined && !toPermissions(view.claims as AuthClaims).includes(permission)) {
    throw new AuthError('forbidden')
  }
  if (check && !(await check(view, event))) throw new AuthError('forbidden')
}

/** Why nobody knows yet whether somebody is signed in, which is no reason to send them to the sign-in page; or null. */
export function toUndecided({ state, error }: AuthView): AuthError | null {
  if (state === 'verifying') return new AuthError('verify-timeout')
  return state === 'error' && error ? new AuthError(error.code, error.message) : null
}

const toRole = (role: string) => (role.startsWith('org:') ? role : `org:${role}`)

function requireOptions(options: RequireAuthOptions) {
  const { role, permission, check, csrf } = options
  const unknown = Object.keys(options).find((name) => !names.includes(name))
  if (unknown !== undefined)
    throw new TypeError(`requireAuth: ${unknown} is not an option; there are ${names.join(', ')}`)
  if (role !== undefined && (typeof role !== 'string' || role === ''))
    throw new TypeError('requireAuth: role must be a role')
  if (permission !== undefined && (typeof permission !== 'string' || permission === '')) {
    throw new TypeError('requireAuth: permission must be a permission')
  }
  if (csrf !== undefined && typeof csrf !== 'boolean') throw new TypeError('requireAuth: csrf must be true or false')
  if (check !== undefined && typeof check !== 'function') throw new TypeError('requireAuth: check must be a function')
}
