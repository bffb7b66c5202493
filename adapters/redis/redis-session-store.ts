import { createGraveyard } from '../hub/graveyard.ts'
import type { Grave, RotateOptions, SessionStore, StoreChange, StoreNeeds } from '../hub/session-store.ts'
import { toLogger } from '../logger.ts'
import { createChangeFeed } from './change-feed.ts'
import { createGraveLog } from './grave-log.ts'
import { createRedisCalls } from './redis-calls.ts'
import { createOwnClient } from './redis-client.ts'
import { createRedisKeys } from './redis-keys.ts'
import { createRedisRecords } from './redis-records.ts'
import { resolveRedisStoreOptions } from './redis-store-options.ts'
import type { RedisSessionStoreOptions } from './redis-store-options.ts'
import { readMessage } from './store-message.ts'

/** A {@link SessionStore} that is not complete before it has heard from Redis. */
export type RedisSessionStore = SessionStore & Required<Pick<SessionStore, 'ready'>>

/** After a loss, how much of what was read before is read again, ms: the clock of a replica that took over may be behind. */
const overlap = 60_000
/** Rotations that are made up for after an outage; of more the oldest are given up. */
const maxOwed = 10_000

/**
 * A {@link SessionStore} on Redis 7 or later, alone or as a cluster, for any number of nodes. Connects at once and for as
 * long as it takes; until the tombstones are loaded, `ready` waits and then rejects.
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
  const keys = createRedisKeys(prefix)
  const graveyard = createGraveyard(clock)
  const watchers = new Map<(change: StoreChange) => void, (id: string) => boolean>()
  /** Rotations that Redis may not have, by the new alias. */
  const owed = new Map<string, { readonly id: string; readonly rotation: RotateOptions }>()
  const calls = createRedisCalls({ client, timeout, onOverdue: () => feed.lose(new Error('Redis does not answer')) })
  const records = createRedisRecords({ calls, keys, clock })
  const graves = createGraveLog({ calls, keys, clock })
  const feed = createChangeFeed({ subscriber: client.duplicate(), keys, onMessage, catchUp, logger })
  own?.on('error', (error: unknown) => feed.lose(error))
  own?.connect().catch((error: unknown) => logger.error('redis.connect.failed', { error }))

  const tell = (change: StoreChange) => {
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

  /** What is known already is no news: every grave comes back to whoever dug it. */
  function hear(grave: Grave) {
    if (!graveyard.covers(grave)) tell({ type: 'grave', grave: graveyard.add(grave) })
  }

  async function catchUp(isBack: boolean) {
    await graves.read(isBack ? overlap : 0, hear)
    if (!isBack) return
    // Acknowledged by a Redis that may have been replaced since by one that never heard of it.
    await Promise.all(graves.recent().map((grave) => graves.append(grave)))
    for (const [alias, { id, rotation }] of owed) {
      await records.rotate(id, rotation)
      owed.delete(alias)
    }
    tell({ type: 'back' })
  }

  const readGraves = shareNext(() => graves.read(0, hear))

  /** As far as it can be had now, what was buried since the feed fell behind. */
  async function makeUp() {
    // Most losses are over at once: what comes right after one waits for that, and nothing waits out an outage.
    if (!client.isReady) await feed.changed(feed.lostAt + timeout - performance.now())
    if (feed.state !== 'behind' || !calls.isAnswering) return
    await readGraves().catch((error: unknown) => logger.debug('redis.behind', { error }))
  }

  async function rotate(id: string, asked: RotateOptions) {
    const earlier = asked.from === null ? undefined : owed.get(asked.from)
    const rotation = asked.from === null ? (owed.get(asked.to)?.rotation ?? asked) : asked
    owed.set(rotation.to, { id, rotation })
    for (const oldest of owed.keys()) {
      if (owed.size <= maxOwed) break
      owed.delete(oldest)
    }
    // The cookie before the last must not count for ever either.
    if (earlier) await records.rotate(id, { ...rotation, from: earlier.rotation.from })
    await records.rotate(id, rotation)
    owed.delete(rotation.to)
    if (rotation.from !== null) owed.delete(rotation.from)
  }

  function isReady(needs: StoreNeeds): boolean {
    if (needs === 'loaded') return feed.state !== 'loading'
    return calls.isAnswering && (needs === 'current' ? feed.state === 'current' : feed.isSettled)
  }

  return {
    read: (alias) => records.read(alias),
    write: (record, settings) => records.write(record, settings),
    rotate,
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

/** Runs `work` for all who ask while it runs once more: a run that has begun may be too early for whoever asks now. */
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
