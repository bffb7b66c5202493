import type { Tombstone } from './session-store.ts'

const day = 24 * 3_600_000
/** How long a tombstone is kept at least, ms. */
const rememberFor = day
/** How long a tombstone is kept at most, ms: no token that Clerk makes lives for longer than ten years. */
const keepAtMost = 3_653 * day

/** @returns when a tombstone may be forgotten, epoch ms: by then every known token that it refuses has expired */
function toUntil(now: number, validUntil: number): number {
  return Math.min(Math.max(now + rememberFor, validUntil), now + keepAtMost)
}

/** @returns a tombstone that is kept until every known token that it refuses has expired */
export function toTombstone(tombstone: Omit<Tombstone, 'until'>, now: number, validUntil = 0): Tombstone {
  return { ...tombstone, until: toUntil(now, validUntil) }
}

/** Checks the form of a stored tombstone, because other processes can write to a store too. */
export function isTombstone(value: Partial<Tombstone> | null, now: number): value is Tombstone {
  if (!value) return false
  const { kind, id, until, clearedAt, revokedAt } = value
  const isKnown = (kind === 'session' || kind === 'user') && typeof id === 'string'
  return isKnown && hasMoment(value) && isMoment(clearedAt) && isMoment(revokedAt) && isTime(until, now)
}

/** A tombstone without a moment ends nothing. */
export const hasMoment = ({ clearedAt, revokedAt }: Pick<Partial<Tombstone>, 'clearedAt' | 'revokedAt'>) =>
  clearedAt !== undefined || revokedAt !== undefined

/** The extra day allows for the clock of the writing node to be ahead. */
const isTime = (until: unknown, now: number) => Number.isFinite(until) && Number(until) <= now + keepAtMost + day

const isMoment = (moment: unknown) => moment === undefined || Number.isFinite(moment)
