import { createGraveyard } from '../hub/graveyard.ts'
import type { Grave, SessionStore, StoreChange, StoreNeeds } from '../hub/session-store.ts'
import { toLogger } from '../logger.ts'
import { createChangeFeed } from './change-feed.ts'
import type { FeedState } from './change-feed.ts'
import { createGraveLog } from './grave-log.ts'
import { createOwedRotations } from './owed-rotations.ts'
import { createRedisCalls } from './redis-calls.ts'
import { createOwnClient, leaveServer } from './redis-client.ts'
import { createRedisKeys } from './redis-keys.ts'
import { createRedisProbe } from './redis-probe.ts'
import { createRedisRecords } from './redis-records.ts'
import { resolveRedisStoreOptions } from './redis-store-options.ts'
import type { RedisSessionStoreOptions } from './redis-store-options.ts'
import { readMessage } from './store-message.ts'

/** A {@link SessionStore} that is not complete before it has heard from Redis. */
export type RedisSessionStore = SessionStore & Required<Pick<SessionStore, 'ready'>>

/** The part of the log that is read again after a loss, ms: the clock of a replica that took over may be behind. */
const overlap = 60_000

/**
 * A {@link SessionStore} on Redis 7 or later, alone or as a cluster, for any number of nodes. Connects at once and for as
 * long as it takes; until the tombstones are loaded, and Redis takes writes, `ready` waits and then rejects.
 *
 * @throws TypeError naming the option that cannot be used
 * @example
 * const store = createRedisSessionStore({ url: 'redis://localhost:6379' })
 * const auth = createAuthServer({ store })
 */
export function createRedisSessionStore(options: RedisSessionStoreOptions): RedisSessionStore {
  const { prefix, timeout, clock } = resolveRedisStoreOptions(options)
  const logger = toLogger(options.logger)
  const own = options.client ? null : createOwnClient(options.url ?? '')
  const client = options.client ?? own!
  const subscriber = client.duplicate()
  const keys = createRedisKeys(prefix)
  const graveyard = createGraveyard(clock)
  const watchers = new Map<(change: StoreChange) => void, (id: string) => boolean>()
  const calls = createRedisCalls({ client, timeout, onTrouble: (error) => feed.lose(error) })
  const records = createRedisRecords({ calls, keys, clock })
  const rotations = createOwedRotations(records)
  const graves = createGraveLog({ calls, keys, clock })
  const probe = createRedisProbe({ calls, keys, logger })
  const readGraves = shareNext(() => graves.read(0, hear))
  const leave = () => Promise.all([client, subscriber].map(leaveServer))
  const feed = createChangeFeed({ subscriber, keys, onMessage, read, confirm, leave, logger })
  own?.on('error', (error: unknown) => feed.lose(error))
  own?.connect().catch((error: unknown) => feed.lose(error))

  function tell(change: StoreChange) {
    for (const watcher of watchers.keys()) watcher(change)
  }

  function onMessage(message: string) {
    try {
      const { id, toChange } = readMessage(message)
      if (id !== null && ![...watchers.values()].some((isWanted) => isWanted(id))) return
      const change = toChange()
      if (change.type === 'grave') hear(change.grave)
      else tell(change)
    } catch (error) {
      logger.error('redis.message.failed', { error })
    }
  }

  /** Graves that are known already are no news: a node is told of its own ones too. */
  function hear(grave: Grave) {
    if (!graveyard.covers(grave)) tell({ type: 'grave', grave: graveyard.add(grave) })
  }

  async function read(state: FeedState) {
    if (state === 'loading') await probe(true)
    await (state === 'behind' ? graves.read(overlap, hear) : readGraves())
  }

  async function confirm(state: FeedState) {
    await probe(state === 'behind')
    if (state !== 'behind') return
    // Acknowledged by a Redis that may have been replaced since by one that never heard of it.
    await Promise.all(graves.recent().map((grave) => graves.append(grave)))
    await rotations.settle()
    tell({ type: 'back' })
  }

  /** Reads, if that is possible now, the graves that were added since the feed fell behind. */
  async function makeUp() {
    // Most losses end at once. A request right after a loss waits for that, and no request waits out an outage.
    if (!client.isReady || feed.isWaiting) await feed.changed(feed.lostAt + timeout - performance.now())
    if (feed.state !== 'behind' || feed.isHearing || !calls.isAnswering) return
    await readGraves().catch((error: unknown) => logger.debug('redis.behind', { error }))
  }

  function isReady(needs: StoreNeeds): boolean {
    if (needs === 'loaded') return feed.state !== 'loading'
    return calls.isAnswering && (needs === 'current' ? feed.state === 'current' : feed.isSettled)
  }

  return {
    read: (alias) => records.read(alias),
    write: (record, settings) => records.write(record, settings),
    rotate: (id, settings) => rotations.rotate(id, settings),
    remove: (id, expectedRev) => records.remove(id, expectedRev),
    async bury(grave) {
      const merged = graveyard.add(grave)
      // Sent before anyone here acts on it, so that other nodes hear of the end before they hear of what came of it.
      const stored = graves.append(merged)
      tell({ type: 'grave', grave: merged })
      await stored
    },
    buried: graveyard.find,
    watch(listener, isWanted = () => true) {
      watchers.set(listener, isWanted)
      return () => watchers.delete(listener)
    },
    async ready(needs) {
      if (feed.state === 'loading') await feed.changed(timeout)
      else if (feed.state === 'behind') await makeUp()
      if (!isReady(needs)) throw new Error('Redis is out of reach')
    },
    async close() {
      watchers.clear()
      feed.close()
      own?.destroy()
    },
  }
}

/** Runs `work` one run at a time. All calls during a run share the next one, since the run has begun too early for them. */
function shareNext(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  let next: Promise<void> | null = null
  return () => {
    next ??= running
      .catch(() => {})
      .then(() => {
        next = null
        running = work()
        return running
      })
    return next
  }
}
