import type { Tombstone } from '../hub/store/session-store.ts'
import { isTombstone } from '../hub/store/tombstone.ts'

/**
 * Returns the tombstone in a text from Redis, or null if there is none, because another program may have written the
 * text.
 */
export function parseTombstone(text: unknown, now: number): Tombstone | null {
  try {
    const tombstone = JSON.parse(String(text)) as Partial<Tombstone> | null
    return isTombstone(tombstone, now) ? tombstone : null
  } catch {
    return null
  }
}
