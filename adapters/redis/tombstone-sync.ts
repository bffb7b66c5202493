import type { Tombstones } from '../hub/store/tombstones.ts'
import type { Tombstone } from '../hub/store/session-store.ts'
import type { Logger } from '../logger.ts'
import { toTombstoneShard } from './tombstone-log.ts'
import type { TombstoneLog } from './tombstone-log.ts'

/** Keeps the tombstones that this node holds and the log in Redis the same. */
export interface TombstoneSync {
  /** Appends a tombstone of this node's own. */
  addTombstone(tombstone: Tombstone): Promise<void>
  /** Takes in a tombstone that a node has told of, and which is in the log therefore. */
  hear(tombstone: Tombstone): void
  /** Reads what was appended since the last time. One call at a time. */
  read(): Promise<void>
  /** Appends the tombstones that the last reading should have found. @returns true where one was missing */
  restore(): Promise<boolean>
  /** Forgets what was read, to read it again the next time. What is owed to the log stays, if it counts. */
  forget(counts: (tombstone: Tombstone) => boolean): void
}

export interface TombstoneSyncOptions {
  readonly log: TombstoneLog
  readonly tombstones: Tombstones
  /** A tombstone that this node did not know. */
  readonly onNews: (tombstone: Tombstone) => void
  /** The log had lost entries, and has them again. Redis may have lost other keys too. */
  readonly onLoss: () => void
  /** Epoch ms. */
  readonly clock: () => number
  readonly logger: Logger
}

/** Tombstones appended at a time. */
const batchSize = 100
/** Tombstones looked at before other work gets its turn. */
const sliceSize = 2_000

/**
 * A log loses entries when Redis evicts keys, is emptied, restarts without its data, or is replaced by a replica that had
 * not been sent all. It loses either the newest entries or all of them. So the log is whole if it still has the newest
 * entry that was read, and every tombstone that was appended or told of since.
 */
export function createTombstoneSync({
  log,
  tombstones,
  onNews,
  onLoss,
  clock,
  logger,
}: TombstoneSyncOptions): TombstoneSync {
  /** Tombstones that this node holds and has not seen in the log, by name. */
  const unseen = new Map<string, Tombstone>()
  /** The names of those that the last reading should have found. */
  let due = new Set<string>()
  let isLost = false

  function see(tombstone: Tombstone) {
    const name = toName(tombstone)
    if (isCovered(unseen.get(name), tombstone)) unseen.delete(name)
    if (!tombstones.covers(tombstone)) onNews(tombstones.add(tombstone))
  }

  /** Every tombstone of these shards that this node holds has to be seen in the log once more. */
  async function suspect(lost: ReadonlySet<string>) {
    let looked = 0
    for (const tombstone of tombstones.values()) {
      if (lost.has(toTombstoneShard(tombstone))) {
        unseen.set(toName(tombstone), tombstone)
        due.add(toName(tombstone))
      }
      looked += 1
      if (looked % sliceSize === 0) await new Promise(setImmediate)
    }
  }

  /** @returns true where the tombstone had to be appended */
  async function append(name: string): Promise<boolean> {
    const tombstone = unseen.get(name)
    if (!tombstone || !due.has(name)) return false
    due.delete(name)
    if (tombstone.until <= clock()) {
      unseen.delete(name)
      return false
    }
    await log.append(tombstone)
    return true
  }

  return {
    async addTombstone(tombstone) {
      unseen.set(toName(tombstone), tombstone)
      await log.append(tombstone)
    },
    hear(tombstone) {
      const name = toName(tombstone)
      if (isCovered(unseen.get(name), tombstone)) due.delete(name)
      // A tombstone that is known already was read, was told of before, or is this node's own.
      if (tombstones.covers(tombstone)) return
      unseen.set(name, tombstone)
      onNews(tombstones.add(tombstone))
    },
    async read() {
      // A tombstone that is told of from now on may come too late for this reading.
      due = new Set(unseen.keys())
      for (let lost = await log.read(see); lost.length > 0; lost = await log.read(see)) {
        isLost = true
        await suspect(new Set(lost))
      }
    },
    async restore() {
      // Each node has its own order and skips the tombstones that other nodes tell of, so that the nodes share the work.
      const names = shuffle([...due].filter((name) => unseen.has(name)))
      let appended = 0
      for (let start = 0; start < names.length; start += batchSize) {
        const areAppended = await Promise.all(names.slice(start, start + batchSize).map(append))
        appended += areAppended.filter(Boolean).length
      }
      // Tombstones that Redis had and has lost are news, and tombstones that were owed since an outage are not.
      if (appended > 0) logger[isLost ? 'info' : 'debug']('redis.restored', { tombstones: appended })
      if (isLost) onLoss()
      isLost = false
      return appended > 0
    },
    forget(counts) {
      const owed = [...unseen.values()].filter(counts)
      log.forget()
      tombstones.clear()
      unseen.clear()
      due.clear()
      for (const tombstone of owed) unseen.set(toName(tombstone), tombstones.add(tombstone))
    },
  }
}

const toName = ({ kind, id }: Tombstone) => `${kind}:${id}`

/** Puts a list into a random order. */
function shuffle(names: string[]): string[] {
  for (let left = names.length; left > 1; left -= 1) {
    const [picked, last] = [Math.floor(Math.random() * left), left - 1]
    const name = names[picked]!
    names[picked] = names[last]!
    names[last] = name
  }
  return names
}

/** True where `tombstone` refuses all that `held` does, for as long. */
const isCovered = (held: Tombstone | undefined, tombstone: Tombstone) =>
  held !== undefined &&
  tombstone.until >= held.until &&
  (tombstone.clearedAt ?? -Infinity) >= (held.clearedAt ?? -Infinity) &&
  (tombstone.revokedAt ?? -Infinity) >= (held.revokedAt ?? -Infinity)
