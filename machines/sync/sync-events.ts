import type { AuthView } from '../auth-view.ts'
import type { BearerToken } from '../bearer-token.ts'
import type { SyncFailure } from './sync-error.ts'

/** The user and session that Clerk reports as signed in, in this tab. */
export interface ClerkIdentity {
  /** Clerk's id of the user. */
  readonly userId: string
  /** Clerk's id of the session. */
  readonly sessionId: string
  /** Clerk's id of the active organization; null if there is none. */
  readonly orgId: string | null
  /** Role in the active organization, such as `org:admin`; null if there is none. */
  readonly orgRole: string | null
}

/** The reason why the server ends a stream (`event: bye`). */
export type ByeReason = 'closing' | 'rotated' | 'slow' | 'revoked'

/** Events that the sync machine accepts. */
export type SyncEvent =
  /** Hold a stream open from now on, under the given tab name if there is one. */
  | { type: 'client.started'; tab?: string }
  /** Release everything until the next start. Clerk's state then has to be reported again. */
  | { type: 'client.stopped' }
  /**
   * Clerk reports its state: still loading, signed out (null), or a signed-in user. A repeated report changes nothing.
   */
  | { type: 'clerk.changed'; isLoaded: boolean; identity: ClerkIdentity | null }
  /** The tab gained focus or became visible. */
  | { type: 'focus.gained' }
  /** The tab lost focus. */
  | { type: 'focus.lost' }
  /** A person asked to try again, or a refusal is so old that it may no longer apply. */
  | { type: 'retry.requested' }
  /** The browser is online again, or the page runs again. Earlier connections may be dead. */
  | { type: 'network.online' }
  /** A view came by the stream. */
  | { type: 'view.received'; view: AuthView }
  /** A ping came by the stream, with the server's clock. */
  | { type: 'ping.received'; now: number }
  /** The tabs of this browser share a stream. This tab reads it for all, or hears it from the one that does. */
  | { type: 'stream.shared'; isLeader: boolean }
  /** Time over which the server wants reconnecting clients spread, ms. */
  | { type: 'retry.hinted'; delay: number }
  /** The stream ended: the server gave a reason, or it failed. */
  | { type: 'stream.ended'; reason: ByeReason }
  | { type: 'stream.failed'; failure: SyncFailure }

/** The event of one type. */
export type SyncEventOf<Type extends SyncEvent['type']> = Extract<SyncEvent, { type: Type }>

/** Input of the actor `fetchView`, which resolves with the view or rejects with a `SyncError`. */
export interface FetchViewInput {
  /**
   * The server session that this tab knows. A server that gets this name without a cookie knows that the browser kept
   * no cookie. Default: the tab knows none yet.
   */
  readonly channel?: string
}

/** Input of the actor `openStream`, which sends the frames of one stream back as events. */
export interface OpenStreamInput extends FetchViewInput {
  /** Random label of this tab. */
  readonly tab: string
  /** True if the server session differs from that of the stream before. Default false. */
  readonly isMoved?: boolean
}

/** Input of the actor `fetchToken`. */
export interface FetchTokenInput {
  /** True if Clerk must create a new token. */
  readonly skipCache: boolean
}

/** Input of the actor `postEvent`, which resolves with the view after the verdict or rejects with a `SyncError`. */
export type PostEventInput = OpenStreamInput & {
  /** Number of this post within its tab. The server ignores a post with a lower number than one before. */
  readonly seq: number
} & (
    | {
        /** The kind of the post: a token of a signed-in user, or a sign-out. */
        readonly type: 'token.received'
        readonly token: BearerToken
      }
    | { readonly type: 'session.cleared'; readonly sessionId?: string }
  )
