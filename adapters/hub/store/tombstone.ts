import type { Tombstone } from './session-store.ts'

const day = 24 * 3_600_000
/** How long an end is remembered at least, ms. */
const rememberFor = day
/** How long at most, ms: no token that Clerk makes lives for longer than ten years. */
const keepAtMost = 3_653 * day

/** When a tombstone may be forgotten: late enough for every token known of it to have expired. Epoch ms. */
function toUntil(now: number, validUntil: number): number {
  return Math.min(Math.max(now + rememberFor, validUntil), now + keepAtMost)
}

/** A tombstone that is kept long enough for every token known of it to have expired. */
export function toTombstone(tombstone: Omit<Tombstone, 'until'>, now: number, validUntil = 0): Tombstone {
  return { ...tombstone, until: toUntil(now, validUntil) }
}

/** True for what a server may have stored as a tombstone, since other processes too can write to a store. */
export function isTombstone(value: Partial<Tombstone> | null, now: number): value is Tombstone {
  if (!value) return false
  const { kind, id, until, clearedAt, revokedAt } = value
  const isKnown = (kind === 'session' || kind === 'user') && typeof id === 'string'
  return isKnown && hasMoment(value) && isMoment(clearedAt) && isMoment(revokedAt) && isTime(until, now)
}

/** A tombstone without a moment ends nothing. */
export const hasMoment = ({ clearedAt, revokedAt }: Pick<Partial<Tombstone>, 'clearedAt' | 'revokedAt'>) =>
  clearedAt !== undefined || revokedAt !== undefined

/** The clock of the node that has written it may be ahead. */
const isTime = (until: unknown, now: number) => Number.isFinite(until) && Number(until) <= now + keepAtMost + day

const isMoment = (moment: unknown) => moment === undefined || Number.isFinite(moment)
