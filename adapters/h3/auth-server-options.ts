import { longestDelay } from '../../machines/backoff.ts'
import type { ClerkOptions } from '../clerk/clerk-options.ts'
import type { HubLimits } from '../hub/node/hub-limits.ts'
import type { Lifetime } from '../hub/node/session-lifetimes.ts'
import type { LoadUser } from '../hub/node/user-profiles.ts'
import type { StoreDown } from '../hub/store/require-store.ts'
import type { SessionStore } from '../hub/store/session-store.ts'
import type { ClaimsOptions } from '../jose/claims-options.ts'
import type { KeyOptions } from '../jose/create-key-source.ts'
import type { KeySource } from '../jose/key-source.ts'
import type { Logger } from '../logger.ts'
import { isProduction } from '../node-env.ts'
import { createOptionCheck, isObject, isText, type OptionCheck } from '../option-check.ts'
import { toOriginProblem } from '../origins.ts'
import type { ClientAddress } from './client-address.ts'
import { isInspectOption, type InspectOption } from './inspect-option.ts'
import { toLifetime, type LifetimeOptions } from './lifetime-option.ts'
import type { CookieOptions } from './session-cookie.ts'

/** Options of {@link createAuthServer}. Each of them has a default. */
export interface AuthServerOptions {
  /** The Clerk instance; each field defaults to its `CLERK_*` environment variable. */
  readonly clerk?: ClerkOptions
  /**
   * Where the signing keys are: `{ jwks }`, `{ jwksUrl }` or `{ jwtKey }`. Default: `clerk.jwtKey` where it is set, else
   * Clerk's Backend API.
   */
  readonly keys?: KeyOptions | KeySource
  /**
   * The rules for the claims of a token. `issuer` defaults to the issuer that `clerk` tells of the instance; set
   * `authorizedParties` to the origins of your app.
   */
  readonly claims?: ClaimsOptions
  /** Stores the sessions; default the memory of this process. You close a store that you pass. */
  readonly store?: SessionStore
  /**
   * The behaviour while the store cannot be reached; default `allow`: the node goes on verifying tokens and serving its
   * own sessions. It hears late of a sign-out on another node, so an earlier token of that session counts here until it
   * expires, plus the clock tolerance. `refuse`: the node signs nobody in and answers 503 `store-unavailable` to each
   * request that asks who is signed in; open streams go on. A node that has never reached its store refuses under both.
   */
  readonly storeDown?: StoreDown
  /**
   * The secret that seals stored sessions: at least 32 characters, the same on every node. The first of a list makes
   * seals and all of them verify, so that you can replace a secret. Default: Clerk's secret key.
   */
  readonly secret?: string | readonly string[]
  /**
   * The name of the servers that share sessions. A server ignores records of the store that were written under another
   * name. Default: a digest of `issuer`, `authorizedParties` and `audience`.
   */
  readonly instance?: string
  /** The path of the routes; default `/auth`. */
  readonly basePath?: string
  /**
   * The time in ms after which a browser without a verdict counts as timed out, and the longest wait of `whenChecked`
   * and `requireAuth`; default 1000.
   */
  readonly authWaitTimeout?: number
  /** The effect of a refused token on a session that another token still proves; default `keep`. */
  readonly refusedToken?: 'keep' | 'signOut'
  /**
   * Fills `view.user` with the profile of the signed-in user. `true` asks Clerk, which needs the secret key; a function
   * loads the profile itself. A failure shows in `view.error` and signs nobody out. Default false.
   */
  readonly loadUser?: boolean | LoadUser
  /** The claims that views show in the browser; default `sub sid o fea pla act fva sts exp iat`. */
  readonly publicClaims?: readonly string[]
  /**
   * Other origins whose pages may use this server, such as `https://app.example.com`, `capacitor://localhost` or
   * `chrome-extension://<id>`; default none.
   */
  readonly allowedOrigins?: readonly string[]
  /** The hosts that this server answers for. An entry without a port allows any port. Default: all hosts. */
  readonly allowedHosts?: readonly string[]
  /** The session cookie. Default: `SameSite=Lax`, `Secure` where the request allows it, named after `basePath`. */
  readonly cookie?: CookieOptions
  /**
   * The most that this node holds and that one session, user or address may take of it. Default `{ sessions: 100_000,
   * sessionsPerUser: 100, sessionsPerClerkSession: 16, streamsPerSession: 16, requestsPerSession: 60 }`;
   * `requestsPerSession` counts per minute.
   */
  readonly limits?: Partial<HubLimits>
  /**
   * Ends a session on the server once it has lasted this long, in ms: `absolute` since the sign-in, `idle` since the app
   * last let a request in. Default: a session lasts as long as it is renewed.
   */
  readonly lifetime?: LifetimeOptions
  /**
   * Inspects the machines of the sessions and of the keys: a function that receives XState's inspection events, an
   * inspector of `authchart/inspector`, or a list of them. Default none.
   */
  readonly inspect?: InspectOption | readonly InspectOption[]
  /** Default: warnings and errors to the console. */
  readonly logger?: Partial<Logger>
  /** The wall clock, epoch ms; default `Date.now`. */
  readonly clock?: () => number
  /**
   * Returns the address of the client, for `limits.sessionsPerAddress`. If clients connect to this server directly, use
   * h3's `getRequestIP`. Behind a proxy, read a header that the proxy sets on every request and never passes on from a
   * client. Default: none, which `limits.sessionsPerAddress` does not allow.
   */
  readonly clientAddress?: ClientAddress
}

export interface ResolvedAuthServerOptions {
  readonly basePath: string
  readonly authWaitTimeout: number
  readonly refusedToken: 'keep' | 'signOut'
  readonly storeDown: StoreDown
  readonly secrets: readonly string[] | null
  readonly instance: string | null
  readonly publicClaims: readonly string[]
  readonly allowedOrigins: readonly string[]
  readonly allowedHosts: ReadonlySet<string> | null
  readonly cookie: Required<CookieOptions>
  readonly limits: HubLimits
  readonly lifetime: Lifetime | null
  /** Undefined unless `limits.sessionsPerAddress` is set. */
  readonly clientAddress: ClientAddress | undefined
  readonly inspectors: readonly InspectOption[]
  readonly clock: () => number
}

const names: readonly string[] = [
  'clerk',
  'keys',
  'claims',
  'store',
  'storeDown',
  'secret',
  'instance',
  'basePath',
  'authWaitTimeout',
  'refusedToken',
  'loadUser',
  'publicClaims',
  'allowedOrigins',
  'allowedHosts',
  'cookie',
  'limits',
  'lifetime',
  'inspect',
  'logger',
  'clock',
  'clientAddress',
] satisfies readonly (keyof AuthServerOptions)[]

const defaultPublicClaims = ['sub', 'sid', 'o', 'fea', 'pla', 'act', 'fva', 'sts', 'exp', 'iat'] as const
const defaultLimits: HubLimits = {
  sessions: 100_000,
  sessionsPerUser: 100,
  sessionsPerClerkSession: 16,
  streamsPerSession: 16,
  requestsPerSession: 60,
}
const limitNames = [...Object.keys(defaultLimits), 'sessionsPerAddress']
const defaultBasePath = '/auth'
const defaultCookie = { sameSite: 'lax', secure: 'auto', partitioned: false } as const
const storeMethods = ['read', 'write', 'rotate', 'remove', 'addTombstone', 'findTombstone', 'watch', 'close'] as const

const check: OptionCheck = createOptionCheck('createAuthServer: ')
const cookieCheck: OptionCheck = createOptionCheck('createAuthServer: cookie.')
const limitsCheck: OptionCheck = createOptionCheck('createAuthServer: limits.')
const addressProblem = 'needs clientAddress, such as (event) => getRequestIP(event) where there is no proxy'

/**
 * Checks the options that this adapter handles itself and fills in their defaults.
 * @throws TypeError naming the option that cannot be used
 */
export function resolveAuthServerOptions(options: AuthServerOptions): ResolvedAuthServerOptions {
  check.require('options', isObject(options), 'must be an object')
  check.requireKnown(options, names)
  const { store, inspect = [], clock = Date.now } = options
  const inspectors = [inspect].flat()
  check.require('store', store === undefined || isStore(store), `must have ${storeMethods.join(', ')}`)
  check.require('inspect', inspectors.every(isInspectOption), 'must be a function, an inspector, or a list of them')
  check.requireClock(clock)
  check.require(
    'loadUser',
    isLoadUser(options.loadUser),
    'must be true, false or a function from a user id to a profile',
  )
  const { clientAddress } = options
  check.require(
    'clientAddress',
    ['undefined', 'function'].includes(typeof clientAddress),
    'must be a function of a request',
  )
  const basePath = toBasePath(options.basePath)
  const limits = toLimits(options.limits)
  const isBounded = limits.sessionsPerAddress !== undefined
  limitsCheck.require('sessionsPerAddress', !isBounded || clientAddress !== undefined, addressProblem)
  return {
    basePath,
    authWaitTimeout: toAuthWaitTimeout(options.authWaitTimeout),
    refusedToken: toRefusedToken(options.refusedToken),
    storeDown: toStoreDown(options.storeDown),
    secrets: toSecrets(options.secret),
    instance: toInstance(options.instance),
    publicClaims: toList('publicClaims', options.publicClaims, isText, 'claim names') ?? defaultPublicClaims,
    allowedOrigins: toOrigins(options.allowedOrigins),
    allowedHosts: toHosts(options.allowedHosts),
    cookie: toCookie(options.cookie, basePath),
    limits,
    lifetime: toLifetime(options.lifetime),
    clientAddress: isBounded ? clientAddress : undefined,
    inspectors,
    clock,
  }
}

function toBasePath(basePath = defaultBasePath): string {
  const isPath = typeof basePath === 'string' && /^(\/[\w.~-]+)+\/?$/.test(basePath)
  check.require('basePath', isPath, 'must be a path such as /auth')
  return basePath.replace(/\/$/, '')
}

function toAuthWaitTimeout(authWaitTimeout = 1_000): number {
  const isSpan = Number.isFinite(authWaitTimeout) && authWaitTimeout >= 0 && authWaitTimeout <= longestDelay
  check.require('authWaitTimeout', isSpan, 'must be a number of ms, 0 or more')
  return authWaitTimeout
}

function toRefusedToken(refusedToken: 'keep' | 'signOut' = 'keep'): 'keep' | 'signOut' {
  check.require('refusedToken', refusedToken === 'keep' || refusedToken === 'signOut', "must be 'keep' or 'signOut'")
  return refusedToken
}

function toStoreDown(storeDown: StoreDown = 'allow'): StoreDown {
  check.require('storeDown', storeDown === 'allow' || storeDown === 'refuse', "must be 'allow' or 'refuse'")
  return storeDown
}

/** An attacker could guess a shorter secret by trying. */
const shortestSecret = 32

function toSecrets(secret: string | readonly string[] | undefined): readonly string[] | null {
  if (secret === undefined) return null
  const secrets = [secret].flat()
  const isUsable = (each: unknown) => typeof each === 'string' && each.length >= shortestSecret
  const problem = `must be a text of at least ${shortestSecret} characters, such as openssl rand -base64 32 gives, or a list of them`
  check.require('secret', secrets.length > 0 && secrets.every(isUsable), problem)
  return secrets
}

function toInstance(instance: string | undefined): string | null {
  check.require('instance', instance === undefined || isText(instance), 'must be a text that is not empty')
  return instance ?? null
}

function toOrigins(allowedOrigins: readonly string[] | undefined): readonly string[] {
  const origins = toList('allowedOrigins', allowedOrigins, isText, 'origins such as https://a.example') ?? []
  const problem = origins.map(toOriginProblem).find((each) => each !== null)
  if (problem) check.fail('allowedOrigins', problem)
  return origins
}

function toHosts(allowedHosts: readonly string[] | undefined): ReadonlySet<string> | null {
  const hosts = toList('allowedHosts', allowedHosts, isHost, 'hosts such as app.example.com or localhost:3000')
  return hosts && new Set(hosts.map((host) => host.toLowerCase()))
}

/** Leaves `secure` as `auto` only if the answer differs from request to request. */
function toCookie(cookie: CookieOptions = {}, basePath: string): Required<CookieOptions> {
  check.require('cookie', isObject(cookie), 'must be an object')
  const defaults: Required<CookieOptions> = { ...defaultCookie, name: toCookieName(basePath) }
  cookieCheck.requireKnown(cookie, Object.keys(defaults))
  const { name, sameSite, secure, partitioned } = { ...defaults, ...cookie }
  cookieCheck.require(
    'name',
    typeof name === 'string' && /^(?!__)[\w-]+$/.test(name),
    'must be letters, digits, - or _',
  )
  cookieCheck.require('sameSite', ['strict', 'lax', 'none'].includes(sameSite), "must be 'strict', 'lax' or 'none'")
  cookieCheck.require('secure', ['auto', true, false].includes(secure), "must be 'auto', true or false")
  cookieCheck.require('partitioned', typeof partitioned === 'boolean', 'must be true or false')
  const needsSecure = sameSite === 'none' ? "cookie.sameSite: 'none'" : partitioned && 'cookie.partitioned: true'
  if (!needsSecure) return { name, sameSite, secure: secure === 'auto' && isProduction() ? true : secure, partitioned }
  const contradiction = `false cannot be used with ${needsSecure}, since browsers take such a cookie only if it is Secure`
  cookieCheck.require('secure', secure !== false, `${contradiction}: leave cookie.secure out`)
  return { name, sameSite, secure: true, partitioned }
}

/**
 * Names the cookie after the base path. Two servers in one app need different names, because the browser sends a cookie
 * for all paths to both.
 */
function toCookieName(basePath: string): string {
  return basePath === defaultBasePath ? 'authchart' : `authchart${basePath.replace(/[^\w-]/g, '-')}`
}

function toLimits(limits: Partial<HubLimits> = {}): HubLimits {
  check.require('limits', isObject(limits), 'must be an object')
  limitsCheck.requireKnown(limits, limitNames)
  const merged = { ...defaultLimits, ...limits }
  for (const [name, limit] of Object.entries(merged)) {
    limitsCheck.require(name, Number.isSafeInteger(limit) && limit > 0, 'must be a whole number above 0')
  }
  return merged
}

function toList(
  name: string,
  list: readonly string[] | undefined,
  isItem: (item: unknown) => boolean,
  items: string,
): readonly string[] | null {
  if (list === undefined) return null
  check.require(name, Array.isArray(list) && list.every((item) => isItem(item)), `must be a list of ${items}`)
  return list
}

const isHost = (value: unknown) =>
  typeof value === 'string' && URL.canParse(`http://${value}`) && /^[\w.-]+(:\d+)?$|^\[[\da-f:]+\](:\d+)?$/i.test(value)
const isLoadUser = (loadUser: unknown) => ['undefined', 'boolean', 'function'].includes(typeof loadUser)
const isStore = (store: object) =>
  isObject(store) && storeMethods.every((method) => method in store && typeof store[method as never] === 'function')
