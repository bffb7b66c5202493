import type { ProvenIdentity } from '../../../machines/auth-context.ts'
import type { AuthErrorCode } from '../../../machines/auth-error.ts'
import type { SessionRecord, EndMoments } from '../../../machines/session-record.ts'

/** Remembers that one Clerk session or user has ended, until its last token has expired. */
export interface Tombstone extends EndMoments {
  /** The kind of what has ended: one Clerk session, or all sessions of a user. */
  readonly kind: 'session' | 'user'
  /** Clerk's id of the session or user. */
  readonly id: string
  /** When the tombstone may be forgotten, epoch ms. */
  readonly until: number
  /** Set if the session was not revoked by anybody, but had lasted as long as it may. It changes only the error code. */
  readonly reason?: 'lifetime'
  /** For each of the two moments, proof that a server has set it. Opaque to a store, which keeps it with its moment. */
  readonly seals?: { readonly clearedAt?: string; readonly revokedAt?: string }
}

/** The error of a token that a tombstone refuses. */
export type TombstoneCode = Extract<AuthErrorCode, 'token-superseded' | 'session-revoked' | 'session-expired'>

/** Tells a store which tombstones come from the servers that use it, and not from somebody else with write access. */
export interface StoreGuard {
  /** True if a server with the same secret has made the tombstone. */
  isGenuine(tombstone: Tombstone): boolean
  /** Logs that a tombstone was ignored. */
  noteFalse(): void
}

/** A change that this node or another one has stored. */
export type StoreChange =
  | { readonly type: 'record'; readonly record: SessionRecord }
  | { readonly type: 'tombstone'; readonly tombstone: Tombstone }
  /** The session got another cookie: `from` is retired, and `to` counts for one user. */
  | {
      readonly type: 'rotated'
      readonly id: string
      readonly from: string | null
      readonly to: string
      readonly userId?: string | null
      readonly seal?: string
    }
  /** The store answers again after an outage. Calls have failed, and changes of other nodes may have been missed. */
  | { readonly type: 'back' }

/** A record found by the alias of a cookie. `retired`: the cookie was rotated and is recognised for a few seconds. */
export interface StoredSession {
  /** The record that the alias leads to. */
  readonly record: SessionRecord
  /** True if the cookie was rotated a few seconds ago. */
  readonly retired: boolean
  /** The user that the cookie was given out for, as given to `rotate`. */
  readonly userId?: string | null
  /** The seal, as given to `rotate`. */
  readonly seal?: string
  /** True if the stored entry of the cookie was not written by this store, so that the cookie leads to no session. */
  readonly isUnreadable?: boolean
}

/** Options of `write`. */
export interface WriteOptions {
  /** The version number (`rev`) that must be stored now for the write to happen; null if no record may be stored. */
  readonly expectedRev: number | null
  /** When the record may be forgotten, epoch ms. */
  readonly until: number
}

/** The result of a compare-and-set. `current` is the record that kept the write from happening. */
export type WriteResult =
  | { readonly written: true }
  | {
      readonly written: false
      readonly current: SessionRecord | null
      /** The `rev` to expect in order to replace `current`, which may be unreadable. Default: the one of `current`. */
      readonly currentRev?: number | null
    }

/** Options of `rotate`. */
export interface RotateOptions {
  /** Alias that stops counting after `retireFor`; null if the session had none. */
  readonly from: string | null
  /** Alias that leads to the session from now on. */
  readonly to: string
  /**
   * The user that `to` is given out for. While another user is signed in, nothing may be read through `to`. Default:
   * any user.
   */
  readonly userId?: string | null
  /**
   * Proof that a server has given `to` to this session. Opaque to a store, which keeps it with `to` and returns it.
   * Default: none, in a store that is private.
   */
  readonly seal?: string
  /** How long `from` is still found, as retired, ms. */
  readonly retireFor: number
}

/**
 * `loaded`: `findTombstone` knows every end that was stored before this node started, and every later one that the
 * store can tell this node now.
 * `current`: as `loaded`, and the node hears of every new end.
 * `settled`: as `current`, and after an outage the other nodes have had time to store what they decided meanwhile. So
 * what is not in the store does not exist.
 */
export type StoreNeeds = 'loaded' | 'current' | 'settled'

/**
 * Keeps server sessions so that they outlive a node: their records, the aliases that lead to them, and the tombstones.
 * An alias is the SHA-256 of a cookie's value, so that a copy of the store signs nobody in. A method that rejects means
 * an outage, never that something is absent.
 *
 * A store is not trusted to sign anybody in. A server seals what it gives to a store, and ignores what comes back
 * without its seal.
 *
 * Every store passes the tests of `testSessionStore` (`authchart/testing`).
 */
export interface SessionStore {
  /** True if only this process can reach what is stored, so that nothing needs a seal. Default false. */
  readonly isPrivate?: boolean
  /**
   * A server calls this before it uses the store. From then on the store takes in only tombstones that are genuine to
   * the guard, because a false one that is merged with a genuine one would replace it.
   */
  guardWith?(guard: StoreGuard): void
  /**
   * Looks a session up by the alias of its cookie.
   * @returns the session that the alias leads to, or null
   * @throws AuthError `store-unavailable` of the store that a server wraps around yours, while a seal cannot be checked
   */
  read(alias: string): Promise<StoredSession | null>
  /**
   * Stores a record if the one that it replaces has the expected `rev`, and tells the watchers.
   * @throws AuthError `store-unavailable` of the store that a server wraps around yours, while a seal cannot be checked
   */
  write(record: SessionRecord, options: WriteOptions): Promise<WriteResult>
  /**
   * Makes an alias lead to a session, retires the alias that the session had, and tells the watchers. The record of the
   * session may be written later.
   */
  rotate(id: string, options: RotateOptions): Promise<void>
  /** Forgets a record and its aliases, if the record still has the expected `rev`. */
  remove(id: string, expectedRev: number): Promise<void>
  /**
   * Optional, for `auth.sessions`: finds the records whose `userId` this is, in any order. A record that may be forgotten
   * is left out.
   */
  list?(userId: string): Promise<readonly SessionRecord[]>
  /**
   * Remembers an end and tells the watchers. Two tombstones of one id are merged into one that refuses all that either
   * refuses, for the longer of the two times. The node's own copy and its own watchers have the tombstone before this
   * returns, even if the promise then rejects.
   */
  addTombstone(tombstone: Tombstone): Promise<void>
  /**
   * Looks up in the node's own copy, which `watch` keeps current, if a verified session has ended.
   * @returns `session-revoked`, or `session-expired` if the lifetime of the session was the reason, or
   * `token-superseded` for a token from before a sign-out, or null if it has not ended
   */
  findTombstone(session: ProvenIdentity): TombstoneCode | null
  /**
   * Tells the listener of the changes on any node, this one included: of every tombstone, and of each change of a
   * session that this node has read, written or rotated. No change may fall between such a read and what the listener
   * is told. A store may leave out the changes of a session that is not wanted, and forget such a session: the node
   * reads it again before it wants it again.
   *
   * @param isWanted Gets the id of a session or the alias of a cookie. An alias is wanted by a node that waits for a
   * sign-in with that cookie: the node then reads the alias, and is told if another node rotates it away.
   * @returns a function that stops watching
   */
  watch(listener: (change: StoreChange) => void, isWanted?: (name: string) => boolean): () => void
  /**
   * Resolves if the store meets the needs, and rejects if it does not, or not soon. A store that always meets them has
   * no such method.
   * @throws Error of any class, which counts as an outage
   */
  ready?(needs: StoreNeeds): Promise<void>
  /** Ends every connection and timer of the store. */
  close(): Promise<void>
}
