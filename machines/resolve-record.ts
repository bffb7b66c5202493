import type { SessionRecord } from './session-record.ts'

/**
 * Which of two records of one server session stands, on every node alike: a proof that was not signed out or revoked
 * goes first, then the later `iat`, then the higher `rev`. Symmetric, associative and idempotent, so that the order in
 * which nodes hear of each other does not matter.
 *
 * @param isEnded Whether a tombstone covers the proof of a record; the answer must be the same for both calls.
 * @returns One of the two records, with the highest `seq` of each tab of both.
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

/** Only two nodes that wrote the same revision of the same second come this far: any rule will do that both share. */
const toText = (record: SessionRecord) => JSON.stringify({ ...record, seqByTab: {} })

const compareText = (a: string, b: string) => Number(a > b) - Number(a < b)

function mergeSeqs(a: SessionRecord['seqByTab'], b: SessionRecord['seqByTab']): SessionRecord['seqByTab'] {
  const merged = new Map(Object.entries(a))
  for (const [tab, seq] of Object.entries(b)) merged.set(tab, Math.max(seq, merged.get(tab) ?? seq))
  return Object.fromEntries(merged)
}
