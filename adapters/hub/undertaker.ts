import { AuthError, authErrors, toAuthError } from '../../machines/auth-error.ts'
import type { BearerToken } from '../../machines/bearer-token.ts'
import type { VerifiedSession } from '../../machines/verified-session.ts'
import type { Logger } from '../logger.ts'
import { withDeadline } from './deadline.ts'
import { toUntil } from './grave-life.ts'
import type { LiveSession } from './live-session.ts'
import type { Grave, SessionStore } from './session-store.ts'
import { createWaits } from '../waits.ts'

/** Sees to it that what ended stays ended. */
export interface Undertaker {
  /**
   * Buries a Clerk session or user. On this node it counts at once; resolves once it is stored, and goes on trying where
   * that fails.
   * @throws AuthError `store-unavailable`
   */
  bury(grave: Grave): Promise<void>
  /**
   * Resolves once what was buried last under an id is stored, and rejects where that has failed so far; null where it is
   * stored, or was never buried here.
   */
  stored(kind: Grave['kind'], id: string): Promise<void> | null
  /** True while the store tells its watchers of a grave that this node is digging. */
  readonly isBurying: boolean
  /**
   * Finishes the check of a token that a sign-out cut off, only to learn which Clerk session to bury: the one that the
   * sign-out named, or whichever it is.
   */
  identify(session: LiveSession, token: BearerToken, named: string | undefined): void
  /**
   * Resolves when nothing is left to learn of a session: null, or why something could not be learnt or stored. Null at
   * once where there is nothing.
   */
  settled(session: LiveSession): Promise<AuthError | null> | null
  /** Keys are there again: what could not be learnt may be now. */
  retry(): void
  close(): void
}

export interface UndertakerOptions {
  readonly store: SessionStore
  readonly verify: (token: BearerToken, options: { signal: AbortSignal }) => Promise<VerifiedSession>
  /** Epoch ms. */
  readonly clock: () => number
  /** Ms one check may take. */
  readonly verifyTimeout: number
  readonly logger: Logger
}

/** Clerk's session tokens live for a minute; with the tolerance, and some, none is good after this, ms. */
const maxTokenLife = 180_000

/** A grave that is kept long enough for every token known of it to have expired. */
export function toGrave(grave: Omit<Grave, 'until'>, now: number, validUntil = 0): Grave {
  return { ...grave, until: toUntil(now, validUntil) }
}

const toKey = ({ kind, id }: Pick<Grave, 'kind' | 'id'>) => `${kind}:${id}`

export function createUndertaker({ store, verify, clock, verifyTimeout, logger }: UndertakerOptions): Undertaker {
  const learning = new WeakMap<LiveSession, Promise<AuthError | null>>()
  const life = { isOver: false, isBurying: false }
  const unstored = new Map<string, Promise<void>>()
  const { wait, wakeAll } = createWaits()

  /** The store tells of a grave before `bury` returns. */
  function dig(grave: Grave): Promise<void> {
    life.isBurying = true
    try {
      const stored = store.bury(grave)
      void noteStored(toKey(grave), stored)
      return stored
    } finally {
      life.isBurying = false
    }
  }

  async function noteStored(key: string, stored: Promise<void>) {
    unstored.set(key, stored)
    try {
      await stored
      if (unstored.get(key) === stored) unstored.delete(key)
    } catch {
      // Who buries it hears of that, and tries again.
    }
  }

  async function buryLater(grave: Grave) {
    for (let pause = 1_000; !life.isOver && clock() < grave.until; pause = Math.min(pause * 2, 30_000)) {
      await wait(pause)
      try {
        return await dig(grave)
      } catch (error) {
        logger.warn('store.failed', { method: 'bury', error })
      }
    }
  }

  async function bury(grave: Grave) {
    try {
      await dig(grave)
    } catch (cause) {
      logger.error('store.failed', { method: 'bury', error: cause })
      void buryLater(grave)
      throw new AuthError('store-unavailable', undefined, { cause, retryAfter: 1_000 })
    }
  }

  async function learn(token: BearerToken, endedAt: number, named: string | undefined): Promise<AuthError | null> {
    const isOver = () => life.isOver || clock() >= endedAt + maxTokenLife
    for (let pause = 1_000; ; pause = Math.min(pause * 2, 10_000)) {
      try {
        const { sessionId, issuedAt } = await withDeadline(verifyTimeout, (signal) => verify(token, { signal }))
        if (named !== undefined && named !== sessionId) return null
        await bury(toGrave({ kind: 'session', id: sessionId, clearedAt: Math.max(endedAt, issuedAt) }, clock()))
        return null
      } catch (error) {
        const failure = toAuthError(error)
        if (failure.code === 'store-unavailable') return failure
        // A token that is refused now signs nobody in later either.
        if (authErrors[failure.code].state !== 'error') return null
        if (!isOver()) await wait(pause)
        if (!isOver()) continue
        logger.warn('session.clear.unlearnt', { code: failure.code })
        return failure
      }
    }
  }

  return {
    bury,
    stored: (kind, id) => unstored.get(toKey({ kind, id })) ?? null,
    get isBurying() {
      return life.isBurying
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
      life.isOver = true
      wakeAll()
    },
  }
}
