import { createTombstones } from '../hub/store/tombstones.ts'
import type { SessionStore, StoreChange } from '../hub/store/session-store.ts'
import { toLogger } from '../logger.ts'
import { createCatchUp } from './catch-up.ts'
import { createChangeFeed } from './change-feed.ts'
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
import { createStoreReadiness } from './store-readiness.ts'

/** A {@link SessionStore} that is not complete before it has heard from Redis. */
export type RedisSessionStore = SessionStore & Required<Pick<SessionStore, 'ready'>>

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
  const watchers = new Map<(change: StoreChange) => void, (id: string) => boolean>()
  const calls = createRedisCalls({ client, timeout, onTrouble: (error) => feed.lose(error) })
  const records = createRedisRecords({ calls, keys, clock })
  const rotations = createOwedRotations(records)
  const tellBack = () => tell({ type: 'back' })
  const sync = createTombstoneSync({
    log: createTombstoneLog({ calls, keys, guard, clock }),
    tombstones,
    onNews: (tombstone) => tell({ type: 'tombstone', tombstone }),
    onLoss: tellBack,
    clock,
    logger,
  })
  const rollCall = createRollCall({ calls, keys, timeout })
  const probe = createRedisProbe({ calls, keys, logger })
  const { isGenuine } = guard
  const catchUp = createCatchUp({ sync, rollCall, rotations, probe, isGenuine, onBack: tellBack, logger })
  const { readTombstones, read, confirm } = catchUp
  const leave = () => Promise.all([client, subscriber].map(leaveServer))
  const feed = createChangeFeed({ subscriber, keys, onMessage, read, confirm, leave, logger })
  const { status } = feed
  const ready = createStoreReadiness({ client, calls, status, readTombstones, timeout, logger })
  own?.on('error', (error: unknown) => feed.lose(error))
  own?.connect().catch((error: unknown) => feed.lose(error))

  function tell(change: StoreChange) {
    for (const watcher of watchers.keys()) watcher(change)
  }

  function onMessage(message: string) {
    try {
      const { kind, id, toChange } = readMessage(message)
      if (kind === rollCallKinds.call) return void catchUp.answer(id ?? '', status.state)
      if (kind === rollCallKinds.answer) return rollCall.hear(id ?? '')
      if (id !== null && ![...watchers.values()].some((isWanted) => isWanted(id))) return
      const change = toChange(clock())
      if (change.type !== 'tombstone') tell(change)
      else if (isGenuine(change.tombstone)) sync.hear(change.tombstone)
    } catch (error) {
      logger.error('redis.message.failed', { error })
    }
  }

  return {
    guardWith(added) {
      guard.add(added)
      if (!catchUp.hasBegun) return
      catchUp.forget()
      feed.restart()
    },
    ...records,
    rotate: (id, settings) => rotations.rotate(id, settings),
    async addTombstone(tombstone) {
      const merged = tombstones.add(tombstone)
      // The tombstone is sent before this node acts on it, so that other nodes hear of the end before they hear of its
      // results.
      const stored = sync.addTombstone(merged)
      tell({ type: 'tombstone', tombstone: merged })
      await stored
    },
    findTombstone: tombstones.find,
    watch(listener, isWanted = () => true) {
      watchers.set(listener, isWanted)
      return () => watchers.delete(listener)
    },
    ready,
    async close() {
      watchers.clear()
      feed.close()
      own?.destroy()
    },
  }
}
