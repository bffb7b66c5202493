import { toUncheckedView, type AuthView } from '../auth-view.ts'
import type { BearerToken } from '../bearer-token.ts'
import { defaultClockTolerance } from '../verified-session.ts'
import type { SyncFailure } from './sync-error.ts'
import type { ClerkIdentity } from './sync-events.ts'

/** The input of {@link syncMachine}. */
export interface SyncInput {
  /** Random label of this tab, by which the server orders its posts; `client.started` may bring another one. */
  readonly tab: string
  /** Epoch ms. Default `Date.now`. */
  readonly now?: () => number
  /** Returns a number in [0, 1). Default `Math.random`. */
  readonly random?: () => number
  /** False if streams cannot be read here, so that the client polls instead. Default true. */
  readonly stream?: boolean
  /** A view that is already known, for example from server rendering. Default: unchecked. */
  readonly view?: AuthView
  /**
   * Interval of the server's pings, ms. Default 15 000. The client gives up a stream that is silent for 2.5 intervals.
   */
  readonly pingInterval?: number
  /** Time that Clerk may take to load before the page counts as failed, ms. Default 10 000. */
  readonly clerkTimeout?: number
  /** Interval between polls if no stream gets through, ms. Default 4 000. */
  readonly pollInterval?: number
  /** Time that Clerk's `getToken` may take, ms. Default 10 000. */
  readonly tokenTimeout?: number
  /** Time that the server's answer may take, ms. Default 15 000. */
  readonly postTimeout?: number
  /** Time for which the server accepts a token after its expiry, seconds. Default 60, like the server's own default. */
  readonly clockTolerance?: number
  /** Number of retries, 0.5 s to 30 s apart, before the machine counts as degraded. Default 7. */
  readonly retries?: number
}

/** The context of {@link syncMachine}. */
export interface SyncContext extends Required<Omit<SyncInput, 'view'>> {
  /** Returns the remedy for a failure. The chart brings its table, which a page need not load before. */
  readonly toRemedy: (failure: Pick<SyncFailure, 'code' | 'retryable'>) => string
  /** True once Clerk has loaded; `identity` is the last state that it reported. */
  readonly isClerkLoaded: boolean
  readonly identity: ClerkIdentity | null
  /** The newest view of the server. */
  readonly view: AuthView
  /** The server's clock minus ours, ms. */
  readonly offset: number
  /** Rises with every connection and every focus, after which a tab asserts its identity again. */
  readonly epoch: number
  /** The tab has focus. */
  readonly isFocused: boolean
  /** Identity key that the server acknowledged; null before the first acknowledgement. */
  readonly settled: string | null
  /** Identity key at the time of the running post. Its answer does not settle an assertion that became due later. */
  readonly asserted: string | null
  /** Clerk session that this tab signed out of, until the server acknowledges it. */
  readonly ended: string | null
  /** Clerk sessions of this tab since it was last signed out. The server may still hold any of them. */
  readonly owned: readonly string[]
  /** Clerk session that this tab left while a post of its token had no answer. The post may still sign it in. */
  readonly lateSession: string | null
  /** The token to post, and the last one that the server judged. */
  readonly token: BearerToken | null
  readonly posted: BearerToken | null
  /** The next token must be a new one instead of Clerk's cached one. */
  readonly isFresh: boolean
  readonly seq: number
  /** The last post has no answer yet. It may have arrived or may still arrive. */
  readonly isUnanswered: boolean
  /**
   * A post had no answer when Clerk last reported, or the answer was that the server could not store it. The state that
   * the server shows may still be undone.
   */
  readonly isUnsure: boolean
  /** Number of failures in a row, of the session and of the stream. */
  readonly attempts: number
  readonly streamAttempts: number
  readonly failure: SyncFailure | null
  readonly streamFailure: SyncFailure | null
  /** The newest failure, even if it no longer matters. */
  readonly lastFailure: Pick<SyncFailure, 'code' | 'message' | 'retryable'> | null
  /** Something changed since the last failure, so the client need not wait for the retry. */
  readonly isRearmed: boolean
  /** The next connection does not make this tab assert its identity, because another tab caused it. */
  readonly isReconnectQuiet: boolean
  /**
   * If the tabs of this browser share a stream, the leader reads it and renews the token; a follower renews only if the
   * leader does not. A tab that is alone has its own stream, which it may close if its posts need the connection.
   */
  readonly tabRole: 'alone' | 'leader' | 'follower'
  /** The server session that the stream belongs to. */
  readonly channel: string
  /** The server session of the newest view since the stream was asked for; empty if none has come. */
  readonly newestChannel: string
  /** No stream gets through for now, so the client polls. */
  readonly isStreamBlocked: boolean
  /** The stream or the session was lost and came back a moment ago. */
  readonly isRestored: boolean
  /** A poll has been answered since streams no longer get through. */
  readonly hasPolled: boolean
  /** Number of polls in a row that got no answer. */
  readonly pollFailures: number
  /** Number of polls in a row whose answer shows an older view than the tab knows. */
  readonly olderPolls: number
  /** Number of posts sent plus number of posts answered, and the value of that number at the last poll. */
  readonly exchanges: number
  readonly exchangesAtPoll: number
  /** The browser is known to send the session cookie back. */
  readonly isCookieKept: boolean
  /** Server nodes that knew a proof of this tab which another node then did not know. */
  readonly lostNodes: readonly string[]
  /** The server's nodes do not share their sessions, so only the answers to this tab's posts count. */
  readonly isUnshared: boolean
  /**
   * The last proof. It is shown until `proofUntil` after the server lost its session, while the tab proves itself
   * again.
   */
  readonly proof: AuthView | null
  readonly proofUntil: number
  /** Time over which the server wants reconnects spread, ms. */
  readonly reconnectBase: number
  /**
   * The end of the view for which the timer is set, epoch ms by the local clock; null if the timer has to be set again.
   */
  readonly viewExpiresAt: number | null
  /** Moments by the local clock, epoch ms. The server sets those named `…NotBefore` by its Retry-After. */
  readonly lastSeenAt: number
  readonly openedAt: number
  /** Moment since which no stream has shown anything; 0 while one does. */
  readonly silentSince: number
  readonly polledAt: number
  /** Time that the first view of the last stream took, ms; a measure of how slow the network is. */
  readonly trip: number
  readonly reconnectAt: number
  readonly reconnectNotBefore: number
  readonly pollNotBefore: number
  readonly confirmedAt: number
  readonly postedAt: number
  readonly retryAt: number
  readonly retryNotBefore: number
}

/** Returns the only remedy that a page may have to show before the chart is loaded, or a general one. */
export const toBrowserRemedy: SyncContext['toRemedy'] = ({ code }) =>
  code === 'client-not-loaded'
    ? 'Load the page again, and serve all files of the build.'
    : 'Look at the log of the server.'

export function createSyncContext(input: SyncInput): SyncContext {
  return {
    tab: input.tab,
    now: input.now ?? Date.now,
    random: input.random ?? Math.random,
    stream: input.stream ?? true,
    view: input.view ?? toUncheckedView(0),
    pingInterval: input.pingInterval ?? 15_000,
    clerkTimeout: input.clerkTimeout ?? 10_000,
    pollInterval: input.pollInterval ?? 4_000,
    tokenTimeout: input.tokenTimeout ?? 10_000,
    postTimeout: input.postTimeout ?? 15_000,
    clockTolerance: input.clockTolerance ?? defaultClockTolerance,
    retries: input.retries ?? 7,
    toRemedy: toBrowserRemedy,
    isClerkLoaded: false,
    identity: null,
    offset: 0,
    epoch: 0,
    isFocused: false,
    settled: null,
    asserted: null,
    ended: null,
    owned: [],
    lateSession: null,
    token: null,
    posted: null,
    isFresh: false,
    seq: 0,
    isUnanswered: false,
    isUnsure: false,
    attempts: 0,
    streamAttempts: 0,
    failure: null,
    streamFailure: null,
    lastFailure: input.view?.error ?? null,
    isRearmed: false,
    isReconnectQuiet: false,
    tabRole: 'alone',
    channel: '',
    newestChannel: '',
    isStreamBlocked: false,
    isRestored: false,
    hasPolled: false,
    pollFailures: 0,
    olderPolls: 0,
    exchanges: 0,
    exchangesAtPoll: 0,
    // A view from server rendering belongs to a session whose cookie came with the page.
    isCookieKept: Boolean(input.view?.channel),
    lostNodes: [],
    isUnshared: false,
    proof: null,
    proofUntil: 0,
    reconnectBase: 1_000,
    viewExpiresAt: null,
    lastSeenAt: 0,
    openedAt: 0,
    silentSince: 0,
    polledAt: 0,
    trip: 0,
    reconnectAt: 0,
    reconnectNotBefore: 0,
    pollNotBefore: 0,
    confirmedAt: 0,
    postedAt: 0,
    retryAt: 0,
    retryNotBefore: 0,
  }
}
