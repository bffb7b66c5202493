import { createGraveyard } from '../../adapters/hub/graveyard.ts'
import { createMemorySessionStore } from '../../adapters/hub/memory-session-store.ts'
import type { Grave, SessionStore, StoreChange } from '../../adapters/hub/session-store.ts'
import { createSimStranger } from './sim-stranger.ts'
import { createParty } from './virtual-time.ts'
import type { Party } from './virtual-time.ts'
import type { World } from './world.ts'

/** The data of all nodes, as a database on a machine of its own keeps them. */
export interface SimStore {
  /** A node's connection to it. The node's own copy of the tombstones begins as they are stored now. */
  connect(node: Party, clock: () => number): StoreConnection
  /** Whether a Clerk session's end is stored, and so outlives every node. */
  hasGrave(id: string): boolean
  /** What is stored under a cookie's alias. */
  peek: SessionStore['read']
}

export interface StoreConnection extends SessionStore {
  /** Whether the node was told of an end of a Clerk session that covers tokens issued in that second. */
  knows(id: string, iat: number): boolean
  /** Have a `read` fail at once, without a trace: an onlooker's. */
  isProbed: boolean
}

/** How long after an outage other nodes may take to store what they decided meanwhile, ms. */
const settleFor = 10_000
/** What a client of a store waits for its answer, ms. */
const storeTimeout = 500

export function createSimStore(world: World): SimStore {
  const { time, random, weather } = world
  const party = createParty('store')
  const disk = createMemorySessionStore({ clock: () => time.now() })
  const stranger = createSimStranger(world)
  const graves = new Map<string, Grave>()
  const connections = new Set<(change: StoreChange) => void>()

  disk.watch((change) => {
    if (change.type === 'grave') graves.set(change.grave.id, change.grave)
    for (const publish of connections) publish(change)
  })

  return {
    hasGrave: (id) => graves.has(id),
    peek: (alias) => disk.read(alias),
    connect(node, clock) {
      const graveyard = createGraveyard(clock)
      /** Of what it was told: the last second that each end covers. */
      const known = new Map<string, number>()
      const watchers = new Set<(change: StoreChange) => void>()
      let latestDue = 0
      let isLost = false
      let settledAt = 0
      /** Moments in the store are true ones; a node reckons by its own clock. */
      const skew = () => clock() - time.now()
      const learn = (grave: Grave) => graveyard.add({ ...grave, until: grave.until + skew() })
      const note = ({ id, clearedAt = -Infinity, revokedAt }: Grave) => {
        const until = revokedAt === undefined ? Math.floor(clearedAt / 1_000) : Infinity
        known.set(id, Math.max(until, known.get(id) ?? -Infinity))
      }
      const tell = (change: StoreChange) => {
        for (const watcher of watchers) watcher(change)
        if (change.type === 'grave') note(change.grave)
      }
      for (const grave of graves.values()) {
        learn(grave)
        note(grave)
      }

      function hear(change: StoreChange) {
        if (change.type === 'grave') learn(change.grave)
        tell(change)
      }

      /** The feed broke: until it is there again nothing is heard, and what was missed is read then, not replayed. */
      function loseFeed() {
        if (isLost) return
        isLost = true
        time.send(node, random.between(500, 4_000), catchUp)
      }

      function catchUp() {
        if (weather.storeDown) return time.send(node, random.between(500, 2_000), catchUp)
        isLost = false
        settledAt = time.now() + settleFor
        for (const grave of graves.values()) hear({ type: 'grave', grave })
        return tell({ type: 'back' })
      }

      function publish(change: StoreChange) {
        if (node.isDead) return void connections.delete(publish)
        if (random.chance(weather.watchDrop)) loseFeed()
        if (isLost) return world.fired('watch.dropped')
        const isSlow = random.chance(weather.watchDelay)
        const delay = isSlow ? random.between(100, 3_000) : random.between(1, 15)
        const due = time.now() + delay
        if (isSlow) world.fired('watch.delayed')
        if (due < latestDue) world.fired('watch.reordered')
        latestDue = Math.max(latestDue, due)
        time.send(node, delay, () => hear(change))
        const forged = stranger.forge(change)
        if (forged) time.send(node, delay, () => hear(forged))
        if (random.chance(weather.watchDuplicate)) {
          world.fired('watch.duplicated')
          time.send(node, delay + random.between(1, 2_000), () => hear(change))
        }
        return undefined
      }
      connections.add(publish)

      /** Asks the store something: the answer, or a refusal that leaves open whether it was done. */
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

      const toTrue = (until: number) => until - skew()
      const connection: StoreConnection = {
        isProbed: false,
        knows: (id, iat) => iat <= (known.get(id) ?? -Infinity),
        read(alias) {
          return connection.isProbed
            ? Promise.reject(new Error('An onlooker asks'))
            : ask('read', () => disk.read(alias))
        },
        write(record, { expectedRev, until }) {
          const trueUntil = toTrue(until)
          return ask('write', () => disk.write(record, { expectedRev, until: trueUntil }))
        },
        rotate: (id, options) => ask('rotate', () => disk.rotate(id, options)),
        remove: (id, expectedRev) => ask('remove', () => disk.remove(id, expectedRev)),
        bury(grave) {
          const merged = graveyard.add(grave)
          const stored = ask('bury', () => disk.bury({ ...merged, until: toTrue(merged.until) }))
          tell({ type: 'grave', grave: merged })
          return stored
        },
        buried: (session) => graveyard.find(session),
        watch(listener) {
          watchers.add(listener)
          return () => watchers.delete(listener)
        },
        async ready(needs) {
          const isReady = needs === 'loaded' || (!isLost && (needs === 'current' || time.now() >= settledAt))
          if (!isReady) throw new Error('The store is out of reach')
        },
        async close() {
          connections.delete(publish)
        },
      }
      return connection
    },
  }
}
