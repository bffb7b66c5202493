import type { AuthView } from '../auth-view.ts'
import type { BearerToken } from '../bearer-token.ts'
import type { SyncFailure } from './sync-error.ts'

/** Who Clerk says is signed in, in this tab. */
export interface ClerkIdentity {
  readonly userId: string
  readonly sessionId: string
  readonly orgId: string | null
  readonly orgRole: string | null
}

/** Why the server ends a stream (`event: bye`). */
export type ByeReason = 'closing' | 'rotated' | 'slow' | 'revoked'

/** What may be sent to the sync machine. */
export type SyncEvent =
  /** Hold a stream open from now on, as a tab of this name where one is given. */
  | { type: 'client.started'; tab?: string }
  /** Let go of everything, until the next start. Clerk's state has to be told again then. */
  | { type: 'client.stopped' }
  /** What Clerk says: still loading, signed out (null), or somebody. Repeating it changes nothing. */
  | { type: 'clerk.changed'; isLoaded: boolean; identity: ClerkIdentity | null }
  /** The tab gained focus or became visible. */
  | { type: 'focus.gained' }
  /** The tab lost focus. */
  | { type: 'focus.lost' }
  /** A person asked to try again, or a refusal is so old that it may be so no more. */
  | { type: 'retry.wanted' }
  /** The browser is online again, or the page runs again: connections of before may be dead. */
  | { type: 'network.online' }
  /** A frame of the stream. */
  | { type: 'view.received'; view: AuthView }
  /** A sign of life of the stream, with the server's clock. */
  | { type: 'ping.received'; now: number }
  /** The tabs of this browser share a stream: this one reads it for all, or hears it from the one that does. */
  | { type: 'stream.shared'; isLeader: boolean }
  /** How long the server wants reconnecting clients spread, ms. */
  | { type: 'retry.hinted'; delay: number }
  /** The stream is over: the server said why, or it failed. */
  | { type: 'stream.ended'; reason: ByeReason }
  | { type: 'stream.failed'; failure: SyncFailure }

/** The event of one type. */
export type SyncEventOf<Type extends SyncEvent['type']> = Extract<SyncEvent, { type: Type }>

/** Input of the actor `fetchView`, which resolves with the view, or rejects with a `SyncError`. */
export interface FetchViewInput {
  /** The server session that this tab was told of last: a server that gets no cookie with it knows that none was kept. */
  readonly channel?: string
}

/** Input of the actor `openStream`, which sends the frames of one stream back as events. */
export interface OpenStreamInput extends FetchViewInput {
  readonly tab: string
  /** The session is another one than that of the stream before. Default false. */
  readonly isMoved?: boolean
}

/** Input of the actor `fetchToken`. */
export interface FetchTokenInput {
  /** True: Clerk must mint a new token. */
  readonly skipCache: boolean
}

/** Input of the actor `postEvent`, which resolves with the view after the verdict, or rejects with a `SyncError`. */
export type PostEventInput = OpenStreamInput & { readonly seq: number } & (
    | { readonly type: 'token.received'; readonly token: BearerToken }
    | { readonly type: 'session.cleared'; readonly sessionId?: string }
  )
