import { createMemorySessionStore } from '../../adapters/hub/store/memory-session-store.ts'
import type { Tombstone, SessionStore, StoreChange } from '../../adapters/hub/store/session-store.ts'
import { createTombstones } from '../../adapters/hub/store/tombstones.ts'
import { createStoreWatchers } from '../../adapters/redis/store-watchers.ts'
import { createSimChannels } from './sim-channels.ts'
import { createSimStranger } from './sim-stranger.ts'
import { createParty, type Party } from './virtual-time.ts'
import type { World } from './world.ts'

/** The data of all nodes, as a database on a machine of its own keeps them. */
export interface SimStore {
  /** Connects a node. The node's own copy of the tombstones begins as they are stored now. */
  connect(node: Party, clock: () => number): StoreConnection
  /** True if the end of a Clerk session is stored, so that it survives every node. */
  hasTombstone(id: string): boolean
  /** Returns the entry under a cookie's alias. */
  peek: SessionStore['read']
}

export interface StoreConnection extends SessionStore {
  /** True if the node got an end of a Clerk session that covers tokens issued in that second. */
  knows(id: string, iat: number): boolean
  /** Makes a `read` fail at once and leave no trace, for a check from outside. */
  isProbed: boolean
}

/** The time that other nodes may take after an outage to store their decisions from it, ms. */
const settleFor = 10_000
/** The time that a client of a store waits for its answer, ms. */
const storeTimeout = 500

export function createSimStore(world: World): SimStore {
  const { time, random, weather } = world
  const party = createParty('store')
  const disk = createMemorySessionStore({ clock: () => time.now() })
  const stranger = createSimStranger(world)
  const stored = new Map<string, Tombstone>()
  const connections = new Set<(change: StoreChange) => void>()

  disk.watch((change) => {
    if (change.type === 'tombstone') stored.set(change.tombstone.id, change.tombstone)
    for (const publish of connections) publish(change)
  })

  return {
    hasTombstone: (id) => stored.has(id),
    peek: (alias) => disk.read(alias),
    connect(node, clock) {
      const tombstones = createTombstones(clock)
      /** The last second that each end covers, according to the messages so far. */
      const known = new Map<string, number>()
      const { watch, tell: tellWatchers, isWanted } = createStoreWatchers()
      let latestDue = 0
      let isLost = false
      let settledAt = 0
      /** The store keeps true times, and a node calculates with its own clock. */
      const skew = () => clock() - time.now()
      const learn = (tombstone: Tombstone) => tombstones.add({ ...tombstone, until: tombstone.until + skew() })
      const note = ({ id, clearedAt = -Infinity, revokedAt }: Tombstone) => {
        const until = revokedAt === undefined ? Math.floor(clearedAt / 1_000) : Infinity
        known.set(id, Math.max(until, known.get(id) ?? -Infinity))
      }
      const tell = (change: StoreChange) => {
        tellWatchers(change)
        if (change.type === 'tombstone') note(change.tombstone)
      }
      for (const tombstone of stored.values()) {
        learn(tombstone)
        note(tombstone)
      }

      function hear(change: StoreChange) {
        if (change.type === 'tombstone') learn(change.tombstone)
        tell(change)
      }

      /**
       * Breaks the feed. No message arrives until it is back. The missed changes are then read from the store, and
       * their messages are not repeated.
       */
      function loseFeed() {
        if (isLost) return
        isLost = true
        channels.break()
        time.send(node, random.between(500, 4_000), catchUp)
      }

      const channels = createSimChannels(world, {
        node,
        store: party,
        isLost: () => isLost,
        isWanted,
        deliver: tell,
        onLoss: loseFeed,
      })

      function catchUp() {
        if (weather.storeDown) return time.send(node, random.between(500, 2_000), catchUp)
        return void goOn()
      }

      /** Listens again first, and then reads what was missed. */
      async function goOn() {
        await channels.restore()
        isLost = false
        settledAt = time.now() + settleFor
        for (const tombstone of stored.values()) hear({ type: 'tombstone', tombstone })
        tell({ type: 'back' })
      }

      function publish(change: StoreChange) {
        if (node.isDead) return void connections.delete(publish)
        const channel = channels.toChannel(change)
        if (change.type !== 'tombstone' && channel === null) return undefined
        const arrive = (each: StoreChange) => (channel === null ? hear(each) : channels.hear(channel, each))
        if (random.chance(weather.watchDrop)) loseFeed()
        if (isLost) return world.fired('watch.dropped')
        const isSlow = random.chance(weather.watchDelay)
        const delay = isSlow ? random.between(100, 3_000) : random.between(1, 15)
        const due = time.now() + delay
        if (isSlow) world.fired('watch.delayed')
        if (due < latestDue) world.fired('watch.reordered')
        latestDue = Math.max(latestDue, due)
        time.send(node, delay, () => arrive(change))
        const forged = stranger.forge(change)
        if (forged) time.send(node, delay, () => arrive(forged))
        if (random.chance(weather.watchDuplicate)) {
          world.fired('watch.duplicated')
          time.send(node, delay + random.between(1, 2_000), () => arrive(change))
        }
        return undefined
      }
      connections.add(publish)

      /** Calls the store. It resolves with the answer, or rejects without saying if the call took effect. */
      function ask<T>(method: string, work: () => Promise<T>): Promise<T> {
        const isDown = weather.storeDown
        const isSlow = random.chance(weather.storeSlow)
        const isUnacknowledged = random.chance(weather.storeUnacknowledged)
        const way = () => (isSlow ? random.between(100, 600) : random.between(0, 3))
        return new Promise<T>((resolve, reject) => {
          let isOver = false
          const settle = (delay: number, end: () => void) =>
            time.send(node, delay, () => {
              if (isOver) return
              isOver = true
              end()
            })
          const fail = () => {
            world.note(`${node.name} store ${method} fails`)
            loseFeed()
            reject(new Error('The store does not answer'))
          }
          if (isDown) {
            world.fired('store.down')
            return settle(random.pick([1, 20, storeTimeout]), fail)
          }
          settle(storeTimeout, () => {
            world.fired('store.slow')
            fail()
          })
          time.send(party, way(), () => {
            void work().then((answer) => {
              if (isUnacknowledged) {
                world.fired('store.unacknowledged')
                return settle(random.between(1, storeTimeout - 1), fail)
              }
              return settle(way(), () => resolve(answer))
            })
          })
        })
      }

      /** Follows what it reads before it reads it, as every store has to that leaves changes out. */
      async function readFollowed(alias: string) {
        if (isWanted(alias)) await channels.followed.follow(alias, alias)
        const id = (await disk.read(alias))?.record.id
        if (id !== undefined) await channels.followed.follow(id, id)
        return ask('read', () => disk.read(alias))
      }

      /** Begins to follow a session at the same time as it changes it. */
      async function whileFollowing<T>(id: string, work: () => Promise<T>): Promise<T> {
        const [answer] = await Promise.all([work(), channels.followed.follow(id, id)])
        return answer
      }

      const toTrue = (until: number) => until - skew()
      const connection: StoreConnection = {
        isProbed: false,
        knows: (id, iat) => iat <= (known.get(id) ?? -Infinity),
        read(alias) {
          if (connection.isProbed) return Promise.reject(new Error('An onlooker asks'))
          return readFollowed(alias)
        },
        write(record, { expectedRev, until }) {
          const trueUntil = toTrue(until)
          return whileFollowing(record.id, () =>
            ask('write', () => disk.write(record, { expectedRev, until: trueUntil })),
          )
        },
        list: (userId) => ask('list', () => disk.list!(userId)),
        rotate: (id, options) => whileFollowing(id, () => ask('rotate', () => disk.rotate(id, options))),
        remove: (id, expectedRev) => ask('remove', () => disk.remove(id, expectedRev)),
        addTombstone(tombstone) {
          const merged = tombstones.add(tombstone)
          const stored = ask('addTombstone', () => disk.addTombstone({ ...merged, until: toTrue(merged.until) }))
          tell({ type: 'tombstone', tombstone: merged })
          return stored
        },
        findTombstone: (session) => tombstones.find(session),
        watch,
        async ready(needs) {
          const isReady = needs === 'loaded' || (!isLost && (needs === 'current' || time.now() >= settledAt))
          if (!isReady) throw new Error('The store is out of reach')
        },
        async close() {
          connections.delete(publish)
          channels.close()
        },
      }
      return connection
    },
  }
}
