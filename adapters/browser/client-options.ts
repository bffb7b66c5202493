import type { ActorOptions, InspectionEvent } from 'xstate'
import type { AuthView } from '../../machines/auth-view.ts'
import type { SyncError } from '../../machines/sync/sync-error.ts'
import type { syncMachine } from '../../machines/sync/sync.machine.ts'
import type { GetToken } from './clerk-state.ts'

export interface AuthClientOptions {
  /** Path of the endpoints on the page's own origin. Default `/auth`. */
  readonly basePath?: string
  /** Absolute URL of the endpoints, as `https://api.example.com/auth`, where they are on another origin. */
  readonly url?: string
  /** Default `same-origin`; `include` where `url` is given. */
  readonly credentials?: RequestCredentials
  /** Default the global one. */
  readonly fetch?: typeof globalThis.fetch
  /**
   * The tabs of a browser share one stream, where it has Web Locks and BroadcastChannel. Default true, but false where
   * `fetch` is given, which may send something of one tab, or where `credentials` is `omit`.
   */
  readonly shareStream?: boolean
  /**
   * Whether `fetch` gives a body while it arrives. Without that the view is asked for, every `pollInterval`. Default: whether
   * the global `Response` has a `body`, which that of React Native lacks.
   */
  readonly stream?: boolean
  /** Clerk's, where `setIdentity` does not bring it. */
  readonly getToken?: GetToken
  /** A view known already, as from `GET /auth/session` during server rendering. */
  readonly initialView?: AuthView
  /** How often the server pings, ms. Default 15 000. */
  readonly pingInterval?: number
  /** How long Clerk may take to load before the status is `failed` with `clerk-unavailable`, ms. Default 10 000. */
  readonly clerkTimeout?: number
  /** How often the view is asked for where no stream gets through, ms. Default 4 000. */
  readonly pollInterval?: number
  /** How long Clerk's `getToken` may take, ms. Default 10 000. */
  readonly tokenTimeout?: number
  /** How long the server may take to answer a post, ms. Default 15 000. */
  readonly postTimeout?: number
  /** How long past its expiry the server honours a token, seconds. Default 60. */
  readonly clockTolerance?: number
  /** Retries before the sync counts as degraded. Default 7, 0.5 → 30 s apart. */
  readonly retries?: number
  /**
   * Told of failures with their cause, also of those that are retried: of all in the first 5 s, and later where one is the
   * first in a row or has another code than the one before. Default: nobody.
   */
  readonly onError?: (error: SyncError) => void
  /** Sees XState's inspection events; tokens read `[token]` there. One that throws harms nobody. */
  readonly inspect?: (event: InspectionEvent) => void
  /** Clock of the machine's timers. Default XState's own. */
  readonly clock?: ActorOptions<typeof syncMachine>['clock']
  /** Epoch ms. Default `Date.now`. */
  readonly now?: () => number
  /** 0 up to 1. Default `Math.random`. */
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

/** @throws TypeError naming the option */
export function requireClientOptions(options: AuthClientOptions): void {
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
