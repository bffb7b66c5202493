import type { ActorOptions, InspectionEvent } from 'xstate'
import type { AuthView } from '../../machines/auth-view.ts'
import type { SyncInput } from '../../machines/sync/sync-context.ts'
import type { SyncError } from '../../machines/sync/sync-error.ts'
import type { syncMachine } from '../../machines/sync/sync.machine.ts'
import type { GetToken } from './clerk-state.ts'

/** Options of {@link createAuthClient}. Each of them has a default. */
export interface AuthClientOptions {
  /** Path of the endpoints on the page's own origin. Default `/auth`. */
  readonly basePath?: string
  /**
   * Absolute URL of the endpoints if they are on another origin, such as `https://api.example.com/auth`.
   * Default: `basePath` on the page's own origin.
   */
  readonly url?: string
  /** Default `same-origin`, or `include` if `url` is given. */
  readonly credentials?: RequestCredentials
  /** Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch
  /**
   * Lets the tabs of a browser share one stream, if it has Web Locks and BroadcastChannel. Default true, but false if
   * `fetch` is given, which may send data of one tab, or if `credentials` is `omit`.
   */
  readonly shareStream?: boolean
  /**
   * True if `fetch` gives a body while it arrives; if not, the client asks for the view every `pollInterval`. By
   * default it is true if the global `Response` has a `body`, which that of React Native lacks.
   */
  readonly stream?: boolean
  /** Clerk's `getToken`, if `setIdentity` does not bring it. */
  readonly getToken?: GetToken
  /** A view that is already known, such as one from `GET /auth/session` during server rendering. */
  readonly initialView?: AuthView
  /** Interval of the server's pings, ms. Default 15 000. */
  readonly pingInterval?: number
  /** Time that Clerk may take to load before the status is `failed` with `clerk-unavailable`, ms. Default 10 000. */
  readonly clerkTimeout?: number
  /** Interval at which the client asks for the view if no stream gets through, ms. Default 4 000. */
  readonly pollInterval?: number
  /** Time that Clerk's `getToken` may take, ms. Default 10 000. */
  readonly tokenTimeout?: number
  /** Time that the server may take to answer a post, ms. Default 15 000. */
  readonly postTimeout?: number
  /** Time for which the server accepts a token after its expiry, seconds. Default 60. */
  readonly clockTolerance?: number
  /** Number of retries before the sync counts as degraded. Default 7, which are 0.5 s to 30 s apart. */
  readonly retries?: number
  /**
   * Called with failures and their cause, including those that are retried. In the first 5 s it is called for every
   * failure; later only for the first one in a row and for one with another code than the one before. Default: none.
   */
  readonly onError?: (error: SyncError) => void
  /** Receives XState's inspection events, in which tokens read `[token]`. If it throws, nothing else is affected. */
  readonly inspect?: (event: InspectionEvent) => void
  /** Clock of the machine's timers. Default: the global timers. */
  readonly clock?: ActorOptions<typeof syncMachine>['clock']
  /** Epoch ms. Default `Date.now`. */
  readonly now?: () => number
  /** Returns a number in [0, 1). Default `Math.random`. */
  readonly random?: () => number
}

const numbers = [
  'pingInterval',
  'clerkTimeout',
  'pollInterval',
  'tokenTimeout',
  'postTimeout',
  'clockTolerance',
  'retries',
] as const

/** The options that have a default, with it, and those of the sync machine under `input`. */
export type ResolvedOptions = Required<Pick<AuthClientOptions, 'credentials' | 'fetch' | 'shareStream' | 'clock'>> &
  Pick<AuthClientOptions, 'getToken' | 'onError' | 'inspect'> & {
    /** Address of the endpoints, without a slash at its end. */
    readonly endpoint: string
    readonly input: SyncInput & { readonly now: () => number; readonly stream: boolean }
  }

/**
 * Returns the options with their defaults, in the shape in which the client uses them.
 *
 * @throws TypeError that names the option
 */
export function resolveClientOptions(options: AuthClientOptions): ResolvedOptions {
  requireClientOptions(options)
  const {
    basePath = '/auth',
    url,
    credentials = url ? 'include' : 'same-origin',
    // The global `fetch` is read at each call, so that a later wrapper takes effect.
    fetch = (...request: Parameters<typeof globalThis.fetch>) => globalThis.fetch(...request),
    shareStream = options.fetch === undefined && credentials !== 'omit',
    initialView: view,
    stream = typeof Response === 'undefined' || 'body' in Response.prototype,
    getToken,
    onError,
    inspect,
    clock = globalThis,
    now = Date.now,
    ...numbers
  } = options
  const endpoint = (url ?? basePath).replace(/\/+$/, '')
  const input = { ...numbers, now, stream, tab: '', ...(view && { view }) }
  return { endpoint, credentials, fetch, shareStream, getToken, onError, inspect, clock, input }
}

function requireClientOptions(options: AuthClientOptions): void {
  const { basePath = '/', url = 'https:' } = options
  requireOption('basePath', /^\/[^?#]*$/.test(basePath), "a path that starts with '/'")
  requireOption('url', /^https?:[^?#]*$/.test(url), 'an absolute http(s) URL without a query')
  requireOption('url', !(options.url && options.basePath), 'given without basePath')
  for (const name of numbers) {
    requireOption(name, (options[name] ?? 0) >= 0, 'a number that is not negative')
  }
}

function requireOption(name: keyof AuthClientOptions, isRight: boolean, rule: string): void {
  if (!isRight) throw new TypeError(`createAuthClient: ${name} must be ${rule}`)
}
