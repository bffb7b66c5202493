import { isGrave } from '../hub/grave-life.ts'
import type { Grave } from '../hub/session-store.ts'

/** The tombstone in a text from Redis; null where it is none, since anybody may have written it. */
export function parseGrave(text: unknown, now: number): Grave | null {
  try {
    const grave = JSON.parse(String(text)) as Partial<Grave> | null
    return isGrave(grave, now) ? grave : null
  } catch {
    return null
  }
}
