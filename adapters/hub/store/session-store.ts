import type { ProvenIdentity } from '../../../machines/auth-context.ts'
import type { AuthErrorCode } from '../../../machines/auth-error.ts'
import type { SessionRecord, EndMoments } from '../../../machines/session-record.ts'

/** What is remembered of one Clerk session or user that ended, until its last token has expired. */
export interface Tombstone extends EndMoments {
  readonly kind: 'session' | 'user'
  /** Clerk's id of it. */
  readonly id: string
  /** When it may be forgotten, epoch ms. */
  readonly until: number
  /** Shows for each of the two moments that a server has set it. Opaque to a store, which keeps it with its moment. */
  readonly seals?: { readonly clearedAt?: string; readonly revokedAt?: string }
}

/** Tells a store which tombstones come from the servers that use it, and not from somebody else who can write to it. */
export interface StoreGuard {
  isGenuine(tombstone: Tombstone): boolean
  /** Has it written down that a tombstone was ignored. */
  noteFalse(): void
}

/** What another node, or this one, has stored. */
export type StoreChange =
  | { readonly type: 'record'; readonly record: SessionRecord }
  | { readonly type: 'tombstone'; readonly tombstone: Tombstone }
  /** The session got another cookie: `from` is retired, `to` counts for one user. */
  | {
      readonly type: 'rotated'
      readonly id: string
      readonly from: string | null
      readonly to: string
      readonly userId?: string | null
      readonly seal?: string
    }
  /** The store answers again after an outage: changes of other nodes may have been missed, and calls have failed. */
  | { readonly type: 'back' }

/** A record found by the alias of a cookie. `retired`: the cookie was rotated and counts for a few seconds more. */
export interface StoredSession {
  readonly record: SessionRecord
  readonly retired: boolean
  /** Whom the cookie was given out for, as `rotate` was told. */
  readonly userId?: string | null
  /** As `rotate` was told. */
  readonly seal?: string
  /** What is stored of the cookie is nothing that this store has written: the cookie leads nowhere. */
  readonly isUnreadable?: boolean
}

export interface WriteOptions {
  /** The `rev` that must be stored now for the write to happen; null where nothing may be. */
  readonly expectedRev: number | null
  /** When the record may be forgotten, epoch ms. */
  readonly until: number
}

/** A compare-and-set: `current` is what was in its way. */
export type WriteResult =
  | { readonly written: true }
  | {
      readonly written: false
      readonly current: SessionRecord | null
      /** The `rev` to expect in order to replace `current`, which may be unreadable. Default: the one of `current`. */
      readonly currentRev?: number | null
    }

export interface RotateOptions {
  /** Alias that stops counting after `retireFor`; null where the session had none. */
  readonly from: string | null
  readonly to: string
  /** Whom `to` is given out for: while somebody else is signed in, nothing may be read through it. Default: anybody. */
  readonly userId?: string | null
  /** Shows that a server has given `to` to this session. Opaque to a store, which keeps it with `to` and tells it. */
  readonly seal?: string
  /** Ms for which `from` is still found, as retired. */
  readonly retireFor: number
}

/**
 * `loaded`: `findTombstone` knows every end that was stored before this node started, and whatever it can be told now.
 * `current`: and hears of every new one.
 * `settled`: and after an outage the other nodes have had time to store what they decided meanwhile, so that what is not
 * there is nowhere.
 */
export type StoreNeeds = 'loaded' | 'current' | 'settled'

/**
 * Where server sessions outlive a node: their records, the aliases that lead to them, and the tombstones. An alias is
 * the SHA-256 of a cookie's value, so that a copy of the store signs nobody in. A method that rejects means an outage,
 * never that something is absent.
 *
 * A store is not trusted to sign anybody in: a server seals what it gives to a store, and ignores what comes back without
 * its seal.
 *
 * Every store passes the tests of `testSessionStore` (`authchart/testing`).
 */
export interface SessionStore {
  /** True where this process alone can reach what is stored, so that nothing needs a seal. Default false. */
  readonly isPrivate?: boolean
  /**
   * A server says, before it uses the store, how to tell what is genuine. A store that is told so takes in no other
   * tombstones: merged with a genuine one, a false one would take its place.
   */
  guardWith?(guard: StoreGuard): void
  /** The session that an alias leads to, or null. */
  read(alias: string): Promise<StoredSession | null>
  /** Stores a record if the one it replaces has the expected `rev`, and tells the watchers. */
  write(record: SessionRecord, options: WriteOptions): Promise<WriteResult>
  /** Makes an alias lead to a session, retires the one it had, and tells the watchers. Its record may be yet to come. */
  rotate(id: string, options: RotateOptions): Promise<void>
  /** Forgets a record and its aliases, if the record still has the expected `rev`. */
  remove(id: string, expectedRev: number): Promise<void>
  /**
   * Remembers an end and tells the watchers. Two tombstones of one id merge to what refuses more, for longer. The node's own
   * copy has it, and its own watchers know, before this returns, even if the promise then rejects.
   */
  addTombstone(tombstone: Tombstone): Promise<void>
  /**
   * Whether a verified session has ended, from the node's own copy, which `watch` keeps current: null,
   * `session-revoked`, or `token-superseded` for a token from before a sign-out.
   */
  findTombstone(session: ProvenIdentity): Extract<AuthErrorCode, 'token-superseded' | 'session-revoked'> | null
  /**
   * Tells of every change on any node, this one included. Of the sessions that are not wanted a store may save itself the
   * trouble. → stop watching
   */
  watch(listener: (change: StoreChange) => void, isWanted?: (id: string) => boolean): () => void
  /** Resolves if it is as it must be; rejects if not, or not soon. A store that always is has no such method. */
  ready?(needs: StoreNeeds): Promise<void>
  close(): Promise<void>
}
