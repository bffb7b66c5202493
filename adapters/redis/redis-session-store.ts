import { createTombstones } from '../hub/store/tombstones.ts'
import type { SessionStore, StoreChange, StoreNeeds } from '../hub/store/session-store.ts'
import { toLogger } from '../logger.ts'
import { createChangeFeed } from './change-feed.ts'
import type { FeedState } from './change-feed.ts'
import { createTombstoneLog } from './tombstone-log.ts'
import { createTombstoneSync } from './tombstone-sync.ts'
import { createOwedRotations } from './owed-rotations.ts'
import { createRedisCalls } from './redis-calls.ts'
import { createOwnClient, leaveServer } from './redis-client.ts'
import { createGuards } from '../hub/store/store-guards.ts'
import { createRedisKeys } from './redis-keys.ts'
import { createRedisProbe } from './redis-probe.ts'
import { createRedisRecords } from './redis-records.ts'
import { resolveRedisStoreOptions } from './redis-store-options.ts'
import type { RedisSessionStoreOptions } from './redis-store-options.ts'
import { createRollCall, rollCallKinds } from './roll-call.ts'
import { readMessage } from './store-message.ts'

/** A {@link SessionStore} that is not complete before it has heard from Redis. */
export type RedisSessionStore = SessionStore & Required<Pick<SessionStore, 'ready'>>

/** The most repairs of the log before another node is told that the log is complete. */
const repairs = 3

/**
 * Creates a {@link SessionStore} on Redis 7 or later, a single server or a cluster, for any number of nodes. It
 * connects at once and keeps trying. Until the tombstones are loaded and Redis takes writes, `ready` waits and then
 * rejects.
 *
 * @throws TypeError that names the option which cannot be used
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
  const guard = createGuards()
  const tombstones = createTombstones(clock)
  /** `isStale` is true if the tombstones were read without the guard. */
  const reading = { hasBegun: false, isStale: false }
  const watchers = new Map<(change: StoreChange) => void, (id: string) => boolean>()
  const calls = createRedisCalls({ client, timeout, onTrouble: (error) => feed.lose(error) })
  const records = createRedisRecords({ calls, keys, clock })
  const rotations = createOwedRotations(records)
  const tombstoneSync = createTombstoneSync({
    log: createTombstoneLog({ calls, keys, guard, clock }),
    tombstones,
    onNews: (tombstone) => tell({ type: 'tombstone', tombstone }),
    onLoss: () => tell({ type: 'back' }),
    clock,
    logger,
  })
  const probe = createRedisProbe({ calls, keys, logger })
  const rollCall = createRollCall({ calls, keys, timeout })
  const readTombstones = shareNext(() => {
    if (reading.isStale) tombstoneSync.forget((tombstone) => guard.isGenuine(tombstone))
    reading.isStale = false
    return tombstoneSync.read()
  })
  const leave = () => Promise.all([client, subscriber].map(leaveServer))
  const feed = createChangeFeed({ subscriber, keys, onMessage, read, confirm, leave, logger })
  own?.on('error', (error: unknown) => feed.lose(error))
  own?.connect().catch((error: unknown) => feed.lose(error))

  function tell(change: StoreChange) {
    for (const watcher of watchers.keys()) watcher(change)
  }

  function onMessage(message: string) {
    try {
      const { kind, id, toChange } = readMessage(message)
      if (kind === rollCallKinds.call) return void answer(id ?? '')
      if (kind === rollCallKinds.answer) return rollCall.hear(id ?? '')
      if (id !== null && ![...watchers.values()].some((isWanted) => isWanted(id))) return
      const change = toChange(clock())
      if (change.type !== 'tombstone') tell(change)
      else if (guard.isGenuine(change.tombstone)) tombstoneSync.hear(change.tombstone)
    } catch (error) {
      logger.error('redis.message.failed', { error })
    }
  }

  /**
   * Repairs the logs. A full Redis may drop one log to make room for another, so they are read again after a repair.
   */
  async function repairLog() {
    for (let round = 0; round < repairs; round += 1) {
      await readTombstones()
      if (!(await tombstoneSync.restore())) return
    }
  }

  /**
   * Makes sure that the log has every tombstone of this node, and tells the caller. A node that starts has none to add.
   */
  async function answer(caller: string) {
    if (rollCall.isOwn(caller)) return
    try {
      if (feed.state !== 'loading') await repairLog()
      await rollCall.answer(caller)
    } catch (error) {
      logger.debug('redis.behind', { error })
    }
  }

  async function read(state: FeedState) {
    reading.hasBegun = true
    if (state === 'loading') {
      await probe(true)
      await rollCall.ask()
    }
    await readTombstones()
  }

  async function confirm(state: FeedState) {
    await probe(state === 'behind')
    await tombstoneSync.restore()
    if (state !== 'behind') return
    await rotations.settle()
    tell({ type: 'back' })
  }

  /** Reads the tombstones that were added since the feed fell behind, if that is possible now. */
  async function makeUp() {
    // Most losses end at once. A request right after a loss waits for that, but no request waits for the end of an
    // outage.
    if (!client.isReady || feed.isWaiting) await feed.changed(feed.lostAt + timeout - performance.now())
    if (feed.state !== 'behind' || feed.isHearing || !calls.isAnswering) return
    await readTombstones().catch((error: unknown) => logger.debug('redis.behind', { error }))
  }

  function isReady(needs: StoreNeeds): boolean {
    if (needs === 'loaded') return feed.state !== 'loading'
    return calls.isAnswering && (needs === 'current' ? feed.state === 'current' : feed.isSettled)
  }

  return {
    guardWith(added) {
      guard.add(added)
      if (!reading.hasBegun) return
      reading.isStale = true
      feed.restart()
    },
    read: (alias) => records.read(alias),
    write: (record, settings) => records.write(record, settings),
    rotate: (id, settings) => rotations.rotate(id, settings),
    remove: (id, expectedRev) => records.remove(id, expectedRev),
    list: (userId) => records.list(userId),
    async addTombstone(tombstone) {
      const merged = tombstones.add(tombstone)
      // The tombstone is sent before this node acts on it, so that other nodes hear of the end before they hear of its
      // results.
      const stored = tombstoneSync.addTombstone(merged)
      tell({ type: 'tombstone', tombstone: merged })
      await stored
    },
    findTombstone: tombstones.find,
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

/**
 * Runs `work` one run at a time. All calls during a run share the next run, because the current one began too early for
 * them.
 */
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
