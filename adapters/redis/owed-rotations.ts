import type { RotateOptions } from '../hub/store/session-store.ts'
import type { RedisRecords } from './redis-records.ts'

/** Makes rotations of cookies, and keeps those that Redis may not have yet. */
export interface OwedRotations {
  rotate(id: string, options: RotateOptions): Promise<void>
  /** Stores the rotations that could not be stored when they were made. */
  settle(): Promise<void>
}

/** Number of rotations that are kept for the end of an outage. Beyond it, the oldest are dropped. */
const maxOwed = 10_000

export function createOwedRotations(records: Pick<RedisRecords, 'rotate'>): OwedRotations {
  /** The owed rotations by their new alias. */
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
      // The cookie before the previous one must be retired as well, so that it does not stay valid.
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
