import { MissingSecretKeyError } from '../../machines/auth-error.ts'
import { createOptionCheck, type OptionCheck } from '../option-check.ts'
import { parseUrl } from '../parse-url.ts'
import { unquote } from '../unquote.ts'

/**
 * The settings with which a server reaches its Clerk instance. Each comes from the argument, else from the environment.
 */
export interface ClerkOptions {
  /** The secret key of the Backend API, which never leaves the server; default `CLERK_SECRET_KEY`. */
  readonly secretKey?: string
  /**
   * The instance's "JWKS Public Key" as PEM; default `CLERK_JWT_KEY`. It alone then verifies tokens, and no keys are
   * fetched.
   */
  readonly jwtKey?: string
  /**
   * The publishable key, `pk_test_…` or `pk_live_…`, which names the instance's Frontend API; default
   * `CLERK_PUBLISHABLE_KEY`.
   */
  readonly publishableKey?: string
  /** The signing secret of webhooks; default `CLERK_WEBHOOK_SIGNING_SECRET`, else `CLERK_WEBHOOK_SECRET`. */
  readonly webhookSecret?: string
  /** The URL of the Backend API; default `CLERK_API_URL`, else Clerk's own. */
  readonly apiUrl?: string
  /** The URL of the Frontend API's proxy; a path is relative to the app's own origins. Default `CLERK_PROXY_URL`. */
  readonly proxyUrl?: string
  /** The domain of a satellite app; default `CLERK_DOMAIN`. */
  readonly domain?: string
}

/** The options after the environment was read. */
export interface ResolvedClerkOptions extends ClerkOptions {
  /**
   * The values that the instance's tokens may have as `iss`, ready for `claims.issuer`; undefined if the options do not
   * determine it.
   */
  readonly issuer: readonly string[] | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

const variables = {
  secretKey: ['CLERK_SECRET_KEY'],
  jwtKey: ['CLERK_JWT_KEY'],
  publishableKey: ['CLERK_PUBLISHABLE_KEY'],
  webhookSecret: ['CLERK_WEBHOOK_SIGNING_SECRET', 'CLERK_WEBHOOK_SECRET'],
  apiUrl: ['CLERK_API_URL'],
  proxyUrl: ['CLERK_PROXY_URL'],
  domain: ['CLERK_DOMAIN'],
} as const satisfies Record<keyof ClerkOptions, readonly string[]>

const names = Object.keys(variables) as (keyof ClerkOptions)[]
const check: OptionCheck = createOptionCheck('resolveClerkOptions: clerk.')

/**
 * Returns the options of one Clerk instance, each from the argument, else from its environment variable. It removes
 * white space and quotes around a value, as `echo` and `docker --env-file` leave them. An empty variable counts as
 * unset, except for the secret key, for which {@link requireSecretKey} distinguishes empty from missing.
 *
 * @throws TypeError that names an option which cannot be used or is unknown.
 */
export function resolveClerkOptions(options: ClerkOptions = {}, env: Environment = process.env): ResolvedClerkOptions {
  check.requireKnown(options, names)
  const resolved: Partial<Record<keyof ClerkOptions, string>> = {}
  for (const name of names) {
    const given: unknown = options[name]
    if (given !== undefined && given !== null && typeof given !== 'string') check.fail(name, 'must be a string')
    const value = given ?? variables[name].map((variable) => env[variable]).find((text) => text && unquote(text))
    if (value !== undefined) resolved[name] = unquote(value)
  }
  if (env['CLERK_SECRET_KEY'] !== undefined) resolved.secretKey ??= ''
  const { secretKey, apiUrl, proxyUrl } = resolved
  if (/[^\x21-\x7e]/.test(secretKey ?? ''))
    check.fail('secretKey', 'must be a Clerk secret key, sk_test_… or sk_live_…')
  if (apiUrl && !isHttpUrl(apiUrl)) check.fail('apiUrl', 'must be an absolute http(s) URL')
  if (proxyUrl && !proxyUrl.startsWith('/') && !isHttpUrl(proxyUrl))
    check.fail('proxyUrl', 'must be a path or an http(s) URL')
  return { ...resolved, issuer: toIssuer(resolved) }
}

/**
 * Returns the secret key.
 *
 * @throws MissingSecretKeyError that says if the key is missing or empty.
 */
export function requireSecretKey({ secretKey }: ClerkOptions): string {
  if (secretKey === undefined) throw new MissingSecretKeyError('missing')
  if (secretKey.trim() === '') throw new MissingSecretKeyError('empty')
  return secretKey
}

/**
 * Returns the names of one instance's Frontend API, which Clerk puts into `iss`: a proxy or a satellite domain if there
 * is one, and the host in the publishable key, which development instances also keep using. A proxy given as a path
 * names no host; `toInstanceIssuers` finds one for it.
 */
function toIssuer({ publishableKey, proxyUrl, domain }: ClerkOptions): readonly string[] | undefined {
  const issuers = new Set<string>()
  if (proxyUrl && !proxyUrl.startsWith('/')) issuers.add(toCanonicalUrl(proxyUrl))
  if (domain) issuers.add(`https://clerk.${toHost(domain).replace(/^clerk\./, '')}`)
  if (publishableKey) issuers.add(`https://${toFrontendApi(publishableKey)}`)
  return issuers.size === 0 ? undefined : [...issuers]
}

function toCanonicalUrl(url: string): string {
  const { origin, pathname } = new URL(url)
  return origin + pathname.replace(/\/+$/, '')
}

function toHost(domain: string): string {
  const text = domain.includes('://') ? domain : `https://${domain}`
  return parseUrl(text)?.host ?? check.fail('domain', 'must be a host name')
}

/**
 * Returns the host in a publishable key. The key is `pk_test_` or `pk_live_` and the base64 of the Frontend API's host
 * and a `$`.
 */
function toFrontendApi(publishableKey: string): string {
  const encoded = /^pk_(?:test|live)_([A-Za-z0-9+/]+=*)$/.exec(publishableKey)?.[1] ?? ''
  const host = /^([a-z0-9-]+(?:\.[a-z0-9-]+)+)\$$/i.exec(Buffer.from(encoded, 'base64').toString('latin1'))?.[1]
  return host?.toLowerCase() ?? check.fail('publishableKey', 'must be a Clerk publishable key, pk_test_… or pk_live_…')
}

function isHttpUrl(text: string): boolean {
  return /^https?:$/.test(parseUrl(text)?.protocol ?? '')
}
