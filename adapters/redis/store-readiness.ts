import type { StoreNeeds } from '../hub/store/session-store.ts'
import type { Logger } from '../logger.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { RedisCalls } from './redis-calls.ts'

export interface StoreReadinessOptions {
  readonly client: { readonly isReady: boolean }
  readonly calls: Pick<RedisCalls, 'isAnswering'>
  readonly status: ChangeFeed['status']
  readonly readTombstones: () => Promise<void>
  /** Time for which a request waits for the end of a short loss, ms. */
  readonly timeout: number
  readonly logger: Logger
}

/** Creates the function that resolves if the store meets the needs of a request, and rejects if it does not. */
export function createStoreReadiness(options: StoreReadinessOptions): (needs: StoreNeeds) => Promise<void> {
  const { client, calls, status, readTombstones, timeout, logger } = options

  /** Reads the tombstones that were added since the feed fell behind, if that is possible now. */
  async function makeUp() {
    // Most losses end at once. A request right after a loss waits for that, but no request waits for the end of an
    // outage.
    if (!client.isReady || status.isWaiting) await status.changed(status.lostAt + timeout - performance.now())
    if (status.state !== 'behind' || status.isHearing || !calls.isAnswering) return
    await readTombstones().catch((error: unknown) => logger.debug('redis.behind', { error }))
  }

  function isReady(needs: StoreNeeds): boolean {
    if (needs === 'loaded') return status.state !== 'loading'
    return calls.isAnswering && (needs === 'current' ? status.state === 'current' : status.isSettled)
  }

  /** A node that starts serves soon, so a request waits for that, but not while a late answer delays the reading. */
  async function untilLoaded() {
    const isLate = client.isReady && !calls.isAnswering
    if (!isLate) await status.changed(timeout)
  }

  return async (needs) => {
    if (status.state === 'loading') await untilLoaded()
    else if (status.state === 'behind') await makeUp()
    if (!isReady(needs)) throw new Error('Redis is out of reach')
  }
}
