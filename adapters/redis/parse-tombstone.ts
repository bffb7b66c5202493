import { isTombstone } from '../hub/store/tombstone.ts'
import type { Tombstone } from '../hub/store/session-store.ts'

/** The tombstone in a text from Redis; null where it is none, since anybody may have written it. */
export function parseTombstone(text: unknown, now: number): Tombstone | null {
  try {
    const tombstone = JSON.parse(String(text)) as Partial<Tombstone> | null
    return isTombstone(tombstone, now) ? tombstone : null
  } catch {
    return null
  }
}
