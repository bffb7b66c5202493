import type { SessionRecord } from './session-record.ts'

/**
 * Decides which of two records of one server session wins, in the same way on every node. A proof that was not signed
 * out or revoked wins first, then the later `iat`, then the higher `rev`. The rule is symmetric, associative and
 * idempotent, so the order in which nodes hear of each other does not matter.
 *
 * @param isEnded Tells if a tombstone covers the proof of a record; the answer must be the same for both calls.
 * @returns One of the two records, with the highest `seq` of each tab from both.
 */
export function resolveRecord(
  a: SessionRecord,
  b: SessionRecord,
  isEnded: (record: SessionRecord) => boolean = () => false,
): SessionRecord {
  const winner = compareRecords(a, b, isEnded) >= 0 ? a : b
  return { ...winner, seqByTab: mergeSeqs(a.seqByTab, b.seqByTab) }
}

function compareRecords(a: SessionRecord, b: SessionRecord, isEnded: (record: SessionRecord) => boolean): number {
  const proves = (record: SessionRecord) => Number(record.status === 'signedIn' && !isEnded(record))
  return (
    proves(a) - proves(b) ||
    (a.issuedAt ?? 0) - (b.issuedAt ?? 0) ||
    a.rev - b.rev ||
    (a.expiresAt ?? 0) - (b.expiresAt ?? 0) ||
    compareText(toText(a), toText(b))
  )
}

/**
 * Only records of two nodes that wrote the same revision in the same second come this far. Any rule will do if both
 * nodes share it.
 */
const toText = (record: SessionRecord) => JSON.stringify({ ...record, seqByTab: {} })

const compareText = (a: string, b: string) => Number(a > b) - Number(a < b)

function mergeSeqs(a: SessionRecord['seqByTab'], b: SessionRecord['seqByTab']): SessionRecord['seqByTab'] {
  const merged = new Map(Object.entries(a))
  for (const [tab, seq] of Object.entries(b)) merged.set(tab, Math.max(seq, merged.get(tab) ?? seq))
  return Object.fromEntries(merged)
}
