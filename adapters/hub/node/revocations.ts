import { AuthError, authErrors, toAuthError } from '../../../machines/auth-error.ts'
import { toBound, type Backoff } from '../../../machines/backoff.ts'
import type { BearerToken } from '../../../machines/bearer-token.ts'
import type { Logger } from '../../logger.ts'
import { createWaits } from '../../timing/waits.ts'
import { withDeadline } from '../../timing/with-deadline.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { Tombstone, SessionStore } from '../store/session-store.ts'
import { toTombstone } from '../store/tombstone.ts'
import type { VerifyToken } from './token-checks.ts'

/** Makes sure that ended sessions and users stay ended. */
export interface Revocations {
  /**
   * Ends a Clerk session or user. The end counts on this node at once. If it cannot be stored, this goes on trying.
   * @returns null once it is stored, else the error `store-unavailable`
   */
  addTombstone(tombstone: Tombstone): Promise<AuthError | null>
  /**
   * Resolves once the newest tombstone of an id is stored, and rejects if that has failed so far. @returns null if it
   * is stored, or if this node has added none
   */
  stored(kind: Tombstone['kind'], id: string): Promise<void> | null
  /** True while the store tells its watchers of a tombstone that this node adds. */
  readonly isAdding: boolean
  /**
   * Finishes the check of a token that a sign-out cancelled, only to learn which Clerk session needs a tombstone: the
   * one that the sign-out named, or, if it named none, the one of the token.
   */
  identify(session: LiveSession, token: BearerToken, named: string | undefined): void
  /**
   * Resolves when nothing is left to learn of a session: with null, or with the reason why something could not be
   * learnt or stored. @returns null if there is nothing to learn
   */
  readonly settled: (session: LiveSession) => Promise<AuthError | null> | null
  /** Call it when keys are available again: tokens that could not be checked are checked again. */
  retry(): void
  close(): void
}

export interface RevocationsOptions {
  readonly store: SessionStore
  readonly verify: VerifyToken
  /** Epoch ms. */
  readonly clock: () => number
  /** The time that one check may take, ms. */
  readonly verifyTimeout: number
  readonly logger: Logger
}

/**
 * How long a sign-out goes on learning, ms: Clerk's session tokens live for a minute, so no token from before is good
 * after this, even with the tolerance.
 */
const maxTokenLife = 180_000
/** The pauses before an end is stored again, ms. */
const storeRetries: Backoff = { first: 1_000, most: 30_000 }
/** The pauses before a token is checked again, ms. */
const checkRetries: Backoff = { first: 1_000, most: 10_000 }

const toKey = ({ kind, id }: Pick<Tombstone, 'kind' | 'id'>) => `${kind}:${id}`

export function createRevocations({ store, verify, clock, verifyTimeout, logger }: RevocationsOptions): Revocations {
  const learning = new WeakMap<LiveSession, Promise<AuthError | null>>()
  const work = { isOver: false, isAdding: false }
  const unstored = new Map<string, Promise<void>>()
  const { wait, wakeAll } = createWaits()

  /**
   * The store tells its watchers of a tombstone before `addTombstone` returns, so `isAdding` is true just for that
   * call.
   */
  function put(tombstone: Tombstone): Promise<void> {
    work.isAdding = true
    try {
      const stored = store.addTombstone(tombstone)
      void noteStored(toKey(tombstone), stored)
      return stored
    } finally {
      work.isAdding = false
    }
  }

  async function noteStored(key: string, stored: Promise<void>) {
    unstored.set(key, stored)
    try {
      await stored
      if (unstored.get(key) === stored) unstored.delete(key)
    } catch {
      // The caller of `put` gets the error, and tries again.
    }
  }

  async function addLater(tombstone: Tombstone) {
    for (let attempt = 0; !work.isOver && clock() < tombstone.until; attempt += 1) {
      await wait(toBound(attempt, storeRetries))
      try {
        return await put(tombstone)
      } catch (error) {
        logger.warn('store.failed', { method: 'addTombstone', error })
      }
    }
  }

  async function addTombstone(tombstone: Tombstone): Promise<AuthError | null> {
    try {
      await put(tombstone)
      return null
    } catch (cause) {
      logger.error('store.failed', { method: 'addTombstone', error: cause })
      void addLater(tombstone)
      return new AuthError('store-unavailable', undefined, { cause, retryAfter: 1_000 })
    }
  }

  async function learn(token: BearerToken, endedAt: number, named: string | undefined): Promise<AuthError | null> {
    const isOver = () => work.isOver || clock() >= endedAt + maxTokenLife
    for (let attempt = 0; ; attempt += 1) {
      try {
        const { sessionId, issuedAt } = await withDeadline(verifyTimeout, (signal) => verify(token, { signal }))
        if (named !== undefined && named !== sessionId) return null
        const clearedAt = Math.max(endedAt, issuedAt)
        return await addTombstone(toTombstone({ kind: 'session', id: sessionId, clearedAt }, clock()))
      } catch (error) {
        const failure = toAuthError(error)
        // A token that is refused now signs nobody in later either.
        if (authErrors[failure.code].state !== 'error') return null
        if (!isOver()) await wait(toBound(attempt, checkRetries))
        if (!isOver()) continue
        logger.warn('session.clear.unlearnt', { code: failure.code })
        return failure
      }
    }
  }

  return {
    addTombstone,
    stored: (kind, id) => unstored.get(toKey({ kind, id })) ?? null,
    get isAdding() {
      return work.isAdding
    },
    identify(session, token, named) {
      const before = learning.get(session)
      const learnt = Promise.all([before, learn(token, clock(), named)]).then(([earlier, own]) => earlier ?? own)
      learning.set(session, learnt)
      void learnt.finally(() => {
        if (learning.get(session) === learnt) learning.delete(session)
      })
    },
    settled: (session) => learning.get(session) ?? null,
    retry: wakeAll,
    close() {
      work.isOver = true
      wakeAll()
    },
  }
}
