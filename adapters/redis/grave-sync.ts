import type { Graveyard } from '../hub/graveyard.ts'
import type { Grave } from '../hub/session-store.ts'
import type { Logger } from '../logger.ts'
import { toGraveShard } from './grave-log.ts'
import type { GraveLog } from './grave-log.ts'

/** Keeps the graves that this node holds and the log in Redis the same. */
export interface GraveSync {
  /** Appends a grave of this node's own. */
  bury(grave: Grave): Promise<void>
  /** Takes in a grave that a node has told of, and which is in the log therefore. */
  hear(grave: Grave): void
  /** Reads what was appended since the last time. One call at a time. */
  read(): Promise<void>
  /** Appends the graves that the last reading should have found. @returns true where one was missing */
  restore(): Promise<boolean>
  /** Forgets what was read, to read it again the next time. What is owed to the log stays, if it counts. */
  forget(counts: (grave: Grave) => boolean): void
}

export interface GraveSyncOptions {
  readonly log: GraveLog
  readonly graveyard: Graveyard
  /** A grave that this node did not know. */
  readonly onNews: (grave: Grave) => void
  /** The log had lost entries, and has them again. Redis may have lost other keys too. */
  readonly onLoss: () => void
  /** Epoch ms. */
  readonly clock: () => number
  readonly logger: Logger
}

/** Graves appended at a time. */
const batchSize = 100
/** Graves looked at before other work gets its turn. */
const sliceSize = 2_000

/**
 * A log loses entries when Redis evicts keys, is emptied, restarts without its data, or is replaced by a replica that had
 * not been sent all. It loses either the newest entries or all of them. So the log is whole if it still has the newest
 * entry that was read, and every grave that was appended or told of since.
 */
export function createGraveSync({ log, graveyard, onNews, onLoss, clock, logger }: GraveSyncOptions): GraveSync {
  /** Graves that this node holds and has not seen in the log, by name. */
  const unseen = new Map<string, Grave>()
  /** The names of those that the last reading should have found. */
  let due = new Set<string>()
  let isLost = false

  function see(grave: Grave) {
    const name = toName(grave)
    if (isCovered(unseen.get(name), grave)) unseen.delete(name)
    if (!graveyard.covers(grave)) onNews(graveyard.add(grave))
  }

  /** Every grave of these shards that this node holds has to be seen in the log once more. */
  async function suspect(lost: ReadonlySet<string>) {
    let looked = 0
    for (const grave of graveyard.values()) {
      if (lost.has(toGraveShard(grave))) {
        unseen.set(toName(grave), grave)
        due.add(toName(grave))
      }
      looked += 1
      if (looked % sliceSize === 0) await new Promise(setImmediate)
    }
  }

  /** @returns true where the grave had to be appended */
  async function append(name: string): Promise<boolean> {
    const grave = unseen.get(name)
    if (!grave || !due.has(name)) return false
    due.delete(name)
    if (grave.until <= clock()) {
      unseen.delete(name)
      return false
    }
    await log.append(grave)
    return true
  }

  return {
    async bury(grave) {
      unseen.set(toName(grave), grave)
      await log.append(grave)
    },
    hear(grave) {
      const name = toName(grave)
      if (isCovered(unseen.get(name), grave)) due.delete(name)
      // A grave that is known already was read, was told of before, or is this node's own.
      if (graveyard.covers(grave)) return
      unseen.set(name, grave)
      onNews(graveyard.add(grave))
    },
    async read() {
      // A grave that is told of from now on may come too late for this reading.
      due = new Set(unseen.keys())
      for (let lost = await log.read(see); lost.length > 0; lost = await log.read(see)) {
        isLost = true
        await suspect(new Set(lost))
      }
    },
    async restore() {
      // Each node has its own order and skips the graves that other nodes tell of, so that the nodes share the work.
      const names = shuffle([...due].filter((name) => unseen.has(name)))
      let appended = 0
      for (let start = 0; start < names.length; start += batchSize) {
        const areAppended = await Promise.all(names.slice(start, start + batchSize).map(append))
        appended += areAppended.filter(Boolean).length
      }
      // Graves that Redis had and has lost are news, and graves that were owed since an outage are not.
      if (appended > 0) logger[isLost ? 'info' : 'debug']('redis.restored', { tombstones: appended })
      if (isLost) onLoss()
      isLost = false
      return appended > 0
    },
    forget(counts) {
      const owed = [...unseen.values()].filter(counts)
      log.forget()
      graveyard.clear()
      unseen.clear()
      due.clear()
      for (const grave of owed) unseen.set(toName(grave), graveyard.add(grave))
    },
  }
}

const toName = ({ kind, id }: Grave) => `${kind}:${id}`

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

/** True where `grave` refuses all that `held` does, for as long. */
const isCovered = (held: Grave | undefined, grave: Grave) =>
  held !== undefined &&
  grave.until >= held.until &&
  (grave.clearedAt ?? -Infinity) >= (held.clearedAt ?? -Infinity) &&
  (grave.revokedAt ?? -Infinity) >= (held.revokedAt ?? -Infinity)
