import type { StoredSession } from '../hub/store/session-store.ts'

/**
 * The value of an alias has up to four parts: the digest of the session; `-`, or the moment until which it is still
 * found as retired; its owner, as `=` and the user id, or `-` if it has none yet; and the seal. A default may be left
 * out at the end, and is empty before a seal.
 */
export interface Lead extends Pick<StoredSession, 'retired' | 'userId'> {
  readonly isOver: boolean
  readonly seal: string | undefined
}

const live = '-'
const toOwnerText = (userId: string | null | undefined) =>
  userId === undefined ? '' : userId === null ? '-' : `=${encodeURIComponent(userId)}`

/** Returns the value of an alias that leads to a session. */
export const toLead = (digest: string, userId: string | null | undefined, seal = ''): string =>
  `${digest} ${live} ${toOwnerText(userId)} ${seal}`.trimEnd()

/** Returns the value of an alias that is retired; `until` is epoch ms. */
export const toRetiredLead = (digest: string, until: number): string => `${digest} ${Math.ceil(until)}`

/** Longest retirement of a cookie, ms, with a minute for clocks that differ. Another program wrote a longer one. */
const longestRetirement = 70_000

/** Reads what an alias says besides its session. @returns null if this store did not write it */
export function parseLead([, retiredUntil = live, owner = '', seal]: readonly string[], now: number): Lead | null {
  const isRetired = retiredUntil !== live
  const until = isRetired ? Number(retiredUntil) : now
  if (!(until <= now + longestRetirement)) return null
  const lead = { retired: isRetired, isOver: isRetired && until <= now, seal }
  if (owner === '') return lead
  if (owner === '-') return { ...lead, userId: null }
  if (!owner.startsWith('=')) return null
  try {
    return { ...lead, userId: decodeURIComponent(owner.slice(1)) }
  } catch {
    return null
  }
}
