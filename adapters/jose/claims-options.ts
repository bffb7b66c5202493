import { defaultClockTolerance, type AuthClaims } from '../../machines/verified-session.ts'
import { isDevelopment } from '../node-env.ts'
import { createOptionCheck, isText, type OptionCheck } from '../option-check.ts'
import { toOriginProblem } from '../origins.ts'
import { parseUrl } from '../parse-url.ts'

/** Rules for a token's claims, in addition to those for every session token. */
export interface ClaimsOptions {
  /** Allowed `iss`, compared exactly: a URL without a slash at its end. Default: any, with a warning. */
  readonly issuer?: string | readonly string[]
  /**
   * Allowed `azp`, compared exactly; if set, a token must have an `azp`. List the origins that serve your app, such as
   * `https://app.example.com` or `capacitor://localhost`. Default: any, with a warning.
   */
  readonly authorizedParties?: string | readonly string[]
  /** Allowed `aud`; one audience of the token must be among these. Default: not checked. */
  readonly audience?: string | readonly string[]
  /** Claims that must be present and not null, besides `sub`, `sid`, `exp`, `nbf`. Default: none. */
  readonly requiredClaims?: readonly string[]
  /** Seconds by which the clocks of Clerk and this server may differ, an integer from 0 to 3600; default 60. */
  readonly clockTolerance?: number
  /**
   * Your own rule for verified claims. If it returns `false` or throws, the token is refused (`token-claims`). A thrown
   * `AuthError` keeps its code, so that an outage differs from a refusal.
   */
  readonly validate?: (claims: AuthClaims) => boolean | void | Promise<boolean | void>
}

export interface ResolvedClaimsOptions {
  readonly issuers: ReadonlySet<string> | null
  readonly authorizedParties: ReadonlySet<string> | null
  readonly audiences: ReadonlySet<string> | null
  readonly requiredClaims: readonly string[]
  /** Allowed difference of the clocks, ms. */
  readonly tolerance: number
  readonly validate: NonNullable<ClaimsOptions['validate']> | null
  /** True if error messages, which browsers see, name the token's values and the allowed ones. False in production. */
  readonly showsValues: boolean
}

const names: readonly string[] = [
  'issuer',
  'authorizedParties',
  'audience',
  'requiredClaims',
  'clockTolerance',
  'validate',
] satisfies readonly (keyof ClaimsOptions)[]

const check: OptionCheck = createOptionCheck('createTokenVerifier: claims.')

/**
 * Returns the options merged over the defaults.
 *
 * @throws TypeError that names an option which cannot be used, which no token can match, or which is unknown.
 */
export function resolveClaimsOptions(options: ClaimsOptions = {}): ResolvedClaimsOptions {
  const {
    issuer,
    authorizedParties,
    audience,
    requiredClaims,
    clockTolerance = defaultClockTolerance,
    validate,
  } = options
  check.requireKnown(options, names)
  if (!Number.isInteger(clockTolerance) || clockTolerance < 0 || clockTolerance > 3_600) {
    check.fail('clockTolerance', 'must be an integer from 0 to 3600, in seconds')
  }
  if (validate !== undefined && typeof validate !== 'function') check.fail('validate', 'must be a function')
  if (typeof requiredClaims === 'string') check.fail('requiredClaims', 'must be a list of claim names')
  return {
    issuers: toAllowed('issuer', issuer, toIssuerProblem),
    authorizedParties: toAllowed('authorizedParties', authorizedParties, toOriginProblem),
    audiences: toAllowed('audience', audience),
    requiredClaims: [...(toAllowed('requiredClaims', requiredClaims?.length === 0 ? undefined : requiredClaims) ?? [])],
    tolerance: clockTolerance * 1_000,
    validate: validate ?? null,
    showsValues: isDevelopment(),
  }
}

/**
 * Returns the allowed values. It refuses an empty list, because one reader would take it for "none allowed" and another
 * for "any allowed".
 */
function toAllowed(
  name: keyof ClaimsOptions,
  values: string | readonly string[] | undefined,
  toProblem: (value: string) => string | null = () => null,
): Set<string> | null {
  if (values === undefined) return null
  const list: readonly unknown[] = Array.isArray(values) ? values : [values]
  if (list.length === 0 || !list.every(isText))
    check.fail(name, 'must be a non-empty string or a non-empty list of them')
  const problem = list.map(toProblem).find((each) => each !== null)
  if (problem) check.fail(name, problem)
  return new Set(list)
}

const bareHost = /^[a-z\d-]+(\.[a-z\d-]+)+\/?$/i

/**
 * Tells why no token can have a value as its `iss`, in which Clerk writes the URL of a Frontend API.
 *
 * @returns The problem with the corrected value, or null.
 */
function toIssuerProblem(value: string): string | null {
  const text = bareHost.test(value) ? `https://${value}` : value
  const url = /^https?:\/\//i.test(text) ? parseUrl(text) : null
  if (!url) return null
  const mended = url.origin + url.pathname.replace(/\/+$/, '')
  if (mended === value) return null
  return `has ${JSON.stringify(value.slice(0, 200))}, which no iss is equal to: write ${JSON.stringify(mended)}`
}
