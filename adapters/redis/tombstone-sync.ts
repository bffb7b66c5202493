import type { Tombstone } from '../hub/store/session-store.ts'
import type { Tombstones } from '../hub/store/tombstones.ts'
import type { Logger } from '../logger.ts'
import { toTombstoneShard, type TombstoneLog } from './tombstone-log.ts'

/** Keeps the tombstones of this node and the log in Redis the same. */
export interface TombstoneSync {
  /** Appends a tombstone that this node made. */
  addTombstone(tombstone: Tombstone): Promise<void>
  /** Takes in a tombstone that a node has published, and that is therefore in the log. */
  hear(tombstone: Tombstone): void
  /** Reads the tombstones that were appended since the last time. Only one call may run at a time. */
  read(): Promise<void>
  /**
   * Appends the tombstones that the last reading should have found.
   *
   * @returns True if one was missing
   */
  restore(): Promise<boolean>
  /**
   * Forgets the tombstones that were read, so that they are read again the next time. Those that the log still has to
   * get are kept if `counts` returns true.
   */
  forget(counts: (tombstone: Tombstone) => boolean): void
}

export interface TombstoneSyncOptions {
  readonly log: TombstoneLog
  readonly tombstones: Tombstones
  /** Called with a tombstone that this node did not know. */
  readonly onNews: (tombstone: Tombstone) => void
  /** Called when the log had lost entries and has them again. Redis may have lost other keys too. */
  readonly onLoss: () => void
  /** Epoch ms. */
  readonly clock: () => number
  readonly logger: Logger
}

/** Number of tombstones appended at a time. */
const batchSize = 100
/** Number of tombstones examined before other work gets its turn. */
const sliceSize = 2_000

/**
 * Creates the sync of a log. A log loses entries when Redis evicts keys, is emptied, restarts without its data, or is
 * replaced by a replica that had not received all. It loses either the newest entries or all of them. The log is
 * therefore complete if it still has the newest entry that was read, and every tombstone that was appended or published
 * since.
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

  /** Requires that every tombstone of these shards which this node holds is seen in the log again. */
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

  /** @returns True if the tombstone had to be appended */
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
      // A known tombstone was already read or published, or is this node's own.
      if (tombstones.covers(tombstone)) return
      unseen.set(name, tombstone)
      onNews(tombstones.add(tombstone))
    },
    async read() {
      // A tombstone that is published from now on may come too late for this reading.
      due = new Set(unseen.keys())
      for (let lost = await log.read(see); lost.length > 0; lost = await log.read(see)) {
        isLost = true
        await suspect(new Set(lost))
      }
    },
    async restore() {
      // Each node has its own order and skips the tombstones that other nodes publish meanwhile, so that the nodes
      // share the work.
      const names = shuffle([...due].filter((name) => unseen.has(name)))
      let appended = 0
      for (let start = 0; start < names.length; start += batchSize) {
        const areAppended = await Promise.all(names.slice(start, start + batchSize).map(append))
        appended += areAppended.filter(Boolean).length
      }
      // Tombstones that Redis had and lost are worth an info line; tombstones that were owed since an outage are not.
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

/** True if `tombstone` refuses everything that `held` refuses, for at least as long. */
const isCovered = (held: Tombstone | undefined, tombstone: Tombstone) =>
  held !== undefined &&
  tombstone.until >= held.until &&
  (tombstone.clearedAt ?? -Infinity) >= (held.clearedAt ?? -Infinity) &&
  (tombstone.revokedAt ?? -Infinity) >= (held.revokedAt ?? -Infinity)
