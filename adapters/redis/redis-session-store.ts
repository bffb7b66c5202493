import type { SessionStore } from '../hub/store/session-store.ts'
import { createGuards } from '../hub/store/store-guards.ts'
import { createTombstones } from '../hub/store/tombstones.ts'
import { toLogger } from '../logger.ts'
import { createCatchUp } from './catch-up.ts'
import { createChangeFeed } from './change-feed.ts'
import { createHearMessages } from './hear-messages.ts'
import { createNodeChannels } from './node-channels.ts'
import { createOwedRotations } from './owed-rotations.ts'
import { createRedisCalls } from './redis-calls.ts'
import { createOwnClient, createSubscriber, leaveServer } from './redis-client.ts'
import { createRedisKeys } from './redis-keys.ts'
import { createRedisProbe } from './redis-probe.ts'
import { createRedisRecords } from './redis-records.ts'
import { resolveRedisStoreOptions, type RedisSessionStoreOptions } from './redis-store-options.ts'
import { createRollCall } from './roll-call.ts'
import { createStoreReadiness } from './store-readiness.ts'
import { createStoreWatchers } from './store-watchers.ts'
import { createTombstoneLog } from './tombstone-log.ts'
import { createTombstoneSync } from './tombstone-sync.ts'

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
  const subscriber = createSubscriber(client)
  const keys = createRedisKeys(prefix)
  const guard = createGuards()
  const tombstones = createTombstones(clock)
  const { watch, tell, isWanted, clear } = createStoreWatchers()
  const onLoss = (reason: unknown) => feed.lose(reason)
  const calls = createRedisCalls({ client, timeout, onTrouble: onLoss })
  const deliver = (message: string) => hear(message)
  const channels = createNodeChannels({ subscriber, keys, isWanted, deliver, onLoss, patience: timeout })
  const { followed, listen, haveMoved } = channels
  const records = createRedisRecords({ calls, keys, followed, isWanted, clock })
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
  const feed = createChangeFeed({ listen, haveMoved, read, confirm, leave, logger })
  const { status } = feed
  const hear = createHearMessages({ catchUp, rollCall, sync, guard, status, tell, clock, logger })
  const ready = createStoreReadiness({ client, calls, status, readTombstones, timeout, logger })
  own?.on('error', onLoss)
  own?.connect().catch(onLoss)

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
    watch,
    ready,
    async close() {
      clear()
      feed.close()
      channels.close()
      own?.destroy()
    },
  }
}
