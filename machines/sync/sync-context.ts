import { toUncheckedView } from '../auth-view.ts'
import type { AuthView } from '../auth-view.ts'
import type { BearerToken } from '../bearer-token.ts'
import type { SyncFailure } from './sync-error.ts'
import type { ClerkIdentity } from './sync-events.ts'

export interface SyncInput {
  /** Random label of this tab, by which the server orders its posts; `client.started` may bring another. */
  readonly tab: string
  /** Epoch ms. Default `Date.now`. */
  readonly now?: () => number
  /** 0 up to 1. Default `Math.random`. */
  readonly random?: () => number
  /** Streams can be read here. Default true; false: the view is asked for instead. */
  readonly stream?: boolean
  /** A view known already, as from server rendering. Default: unchecked. */
  readonly view?: AuthView
  /** How often the server pings, ms. Default 15 000; a stream silent for 2.5 of them is given up. */
  readonly pingInterval?: number
  /** How long Clerk may take to load before the page counts as failed, ms. Default 10 000. */
  readonly clerkTimeout?: number
  /** How often the view is asked for where no stream gets through, ms. Default 4 000. */
  readonly pollInterval?: number
  /** How long Clerk's `getToken` may take, ms. Default 10 000. */
  readonly tokenTimeout?: number
  /** How long the server's answer may take, ms. Default 15 000. */
  readonly postTimeout?: number
  /** How long past its expiry the server honours a token, seconds. Default 60, as the server's own default. */
  readonly clockTolerance?: number
  /** Retries, 0.5 → 30 s apart, before the machine counts as degraded. Default 7. */
  readonly retries?: number
}

export interface SyncContext extends Required<Omit<SyncInput, 'view'>> {
  /** Clerk has loaded; `identity` is its last word. */
  readonly isClerkLoaded: boolean
  readonly identity: ClerkIdentity | null
  /** The newest view of the server. */
  readonly view: AuthView
  /** The server's clock minus ours, ms. */
  readonly offset: number
  /** Rises with every connection and every focus: the occasions on which a tab asserts its identity anew. */
  readonly epoch: number
  /** The tab has gained focus, and not lost it since. */
  readonly isFocused: boolean
  /** Identity key that the server acknowledged; null before the first. */
  readonly settled: string | null
  /** Identity key at the time of the post in the air: an occasion that came later is not settled by its answer. */
  readonly asserted: string | null
  /** Clerk session that this tab left by signing out, until the server acknowledged it. */
  readonly ended: string | null
  /** Clerk sessions of this tab since it was last signed out: the server may still hold any of them. */
  readonly owned: readonly string[]
  /** Clerk session that this tab left while a post of its token had no answer: that may sign it in yet. */
  readonly stray: string | null
  /** The token to post, and the last one that the server judged. */
  readonly token: BearerToken | null
  readonly posted: BearerToken | null
  /** The next token must come past Clerk's cache. */
  readonly isFresh: boolean
  readonly seq: number
  /** The last post has had no answer: it may have arrived, or arrive yet. */
  readonly isUnanswered: boolean
  /** So it was when Clerk spoke, or the answer was that nothing is stored: what the server shows may be undone yet. */
  readonly isUnsure: boolean
  /** Failures in a row, in the session and in the stream. */
  readonly attempts: number
  readonly streamAttempts: number
  readonly failure: SyncFailure | null
  readonly streamFailure: SyncFailure | null
  /** The newest failure of all, also of one that is over. */
  readonly lastFailure: Pick<SyncFailure, 'code' | 'message' | 'retryable'> | null
  /** Something changed since the last failure: no need to wait for the retry. */
  readonly isRearmed: boolean
  /** The next connection is no occasion to assert anything: another tab caused it. */
  readonly isQuiet: boolean
  /**
   * Where the tabs of this browser share a stream, one leads: it reads the stream and renews the token, and another tab does
   * so only if it does not. A tab alone has a stream of its own, for which its posts may want a connection.
   */
  readonly tabRole: 'alone' | 'leader' | 'follower'
  /** The server session that the stream belongs to. */
  readonly channel: string
  /** No stream gets through for now: the view is asked for instead. */
  readonly isStreamMute: boolean
  /** The stream, or the session, was lost, and is back since a moment. */
  readonly isRestored: boolean
  /** It has been asked for, and answered, since streams do not get through. */
  readonly hasPolled: boolean
  /** Questions in a row that had no answer. */
  readonly pollFailures: number
  /** Answers in a row to such questions that show an older view than the tab knows. */
  readonly olderPolls: number
  /** Counts the posts that were sent, and those that were answered; and how many there were at the last question. */
  readonly exchanges: number
  readonly exchangesAtPoll: number
  /** The browser is known to send the session cookie back. */
  readonly isCookieKept: boolean
  /** Server nodes that knew a proof of this tab which another node then did not know. */
  readonly lostNodes: readonly string[]
  /** The server's nodes do not share their sessions: the answers to this tab's posts are all that counts. */
  readonly isUnshared: boolean
  /** The last proof, still shown until `proofUntil` after the server lost its session, while the tab proves itself again. */
  readonly proof: AuthView | null
  readonly proofUntil: number
  /** The server's wish for spreading reconnects, ms. */
  readonly reconnectBase: number
  /** For which end of the view the timer is set, epoch ms by the local clock; null: it has to be set anew. */
  readonly lapseAt: number | null
  /** Moments by the local clock, epoch ms. The `…NotBefore` are the server's, from Retry-After. */
  readonly heardAt: number
  readonly openedAt: number
  /** No stream has shown anything since then; 0 while one does. */
  readonly deafSince: number
  readonly polledAt: number
  /** How long the first view of the last stream took, ms: the network is as slow as that. */
  readonly trip: number
  readonly reconnectAt: number
  readonly reconnectNotBefore: number
  readonly pollNotBefore: number
  readonly confirmedAt: number
  readonly postedAt: number
  readonly retryAt: number
  readonly retryNotBefore: number
}

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
    clockTolerance: input.clockTolerance ?? 60,
    retries: input.retries ?? 7,
    isClerkLoaded: false,
    identity: null,
    offset: 0,
    epoch: 0,
    isFocused: false,
    settled: null,
    asserted: null,
    ended: null,
    owned: [],
    stray: null,
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
    lastFailure: null,
    isRearmed: false,
    isQuiet: false,
    tabRole: 'alone',
    channel: '',
    isStreamMute: false,
    isRestored: false,
    hasPolled: false,
    pollFailures: 0,
    olderPolls: 0,
    exchanges: 0,
    exchangesAtPoll: 0,
    // A view from server rendering is of a session whose cookie the page came with.
    isCookieKept: Boolean(input.view?.channel),
    lostNodes: [],
    isUnshared: false,
    proof: null,
    proofUntil: 0,
    reconnectBase: 1_000,
    lapseAt: null,
    heardAt: 0,
    openedAt: 0,
    deafSince: 0,
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
