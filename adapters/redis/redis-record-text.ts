import type { SessionRecord } from '../../machines/session-record.ts'

/**
 * Returns the record in the stored text of a session, as the scripts write it, or null if there is none or its time has
 * passed.
 */
export function toRecord(stored: string, now: number): SessionRecord | null {
  const end = stored.indexOf('\n')
  const [rev = '', until] = stored.slice(0, end).split(' ')
  return rev === '0' || Number(until) <= now ? null : parseRecord(stored.slice(end + 1), rev)
}

/** The value for a record that another program has spoiled. The server sees that it is no record, and logs it. */
export const unreadable = {} as SessionRecord

/** Refuses a record whose `rev` differs from the one before it, which the scripts compare: it could not be replaced. */
export function parseRecord(text: string, rev: string): SessionRecord {
  try {
    const record = JSON.parse(text) as SessionRecord | null
    return record?.rev === Number(rev) ? record : unreadable
  } catch {
    return unreadable
  }
}

/** @returns True if the stored text of a session names an alias, by its digest, as one that leads to it */
export const isListed = (stored: string, aliasDigest: string): boolean =>
  stored.slice(0, stored.indexOf('\n')).includes(aliasDigest)
