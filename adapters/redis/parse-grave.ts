import type { Grave } from '../hub/session-store.ts'

/** The tombstone in a text from Redis; null where it is none, since anybody may have written it. */
export function parseGrave(text: unknown): Grave | null {
  try {
    const grave = JSON.parse(String(text)) as Grave | null
    return grave && isGrave(grave) ? grave : null
  } catch {
    return null
  }
}

const isMoment = (moment: unknown) => moment === undefined || Number.isFinite(moment)

const isGrave = ({ kind, id, until, clearedAt, revokedAt }: Grave) =>
  (kind === 'session' || kind === 'user') &&
  typeof id === 'string' &&
  Number.isFinite(until) &&
  isMoment(clearedAt) &&
  isMoment(revokedAt)
