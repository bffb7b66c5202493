import type { SessionRecord } from '../../machines/session-record.ts'

/** The newest request of each tab, so that one overtaken on its way is known for old. */
export interface TabSeqs {
  /** Notes a request. → false where a newer one of the same tab was seen before */
  accept(tab: string | undefined, seq: number | undefined): boolean
  merge(seqByTab: SessionRecord['seqByTab']): void
  toJSON(): SessionRecord['seqByTab']
}

const maxTabs = 64

/** Remembers the 64 tabs heard from last. */
export function createTabSeqs(): TabSeqs {
  const seqs = new Map<string, number>()

  function note(tab: string, seq: number) {
    seqs.delete(tab)
    seqs.set(tab, seq)
    for (const oldest of seqs.keys()) {
      if (seqs.size <= maxTabs) break
      seqs.delete(oldest)
    }
  }

  return {
    accept(tab, seq) {
      if (tab === undefined || seq === undefined) return true
      if (seq < (seqs.get(tab) ?? seq)) return false
      note(tab, seq)
      return true
    },
    merge(seqByTab) {
      for (const [tab, seq] of Object.entries(seqByTab)) note(tab, Math.max(seq, seqs.get(tab) ?? seq))
    },
    toJSON: () => Object.fromEntries(seqs),
  }
}
