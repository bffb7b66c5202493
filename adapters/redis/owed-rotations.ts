import type { RotateOptions } from '../hub/store/session-store.ts'
import type { RedisRecords } from './redis-records.ts'

/** Rotations of cookies, and those among them that Redis may not have yet. */
export interface OwedRotations {
  rotate(id: string, options: RotateOptions): Promise<void>
  /** Stores what could not be stored when it was asked for. */
  settle(): Promise<void>
}

/** Rotations that are made up for after an outage; of more the oldest are given up. */
const maxOwed = 10_000

export function createOwedRotations(records: Pick<RedisRecords, 'rotate'>): OwedRotations {
  /** By the new alias. */
  const owed = new Map<string, { readonly id: string; readonly rotation: RotateOptions }>()

  return {
    async rotate(id, asked) {
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
    },
    async settle() {
      for (const [alias, { id, rotation }] of owed) {
        await records.rotate(id, rotation)
        owed.delete(alias)
      }
    },
  }
}
