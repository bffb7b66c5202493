import type { SessionRecord } from '../../../machines/session-record.ts'

const maxTabs = 64
const none: readonly TabSeq[] = []
const nobody: SessionRecord['seqByTab'] = {}

type TabSeq = readonly [tab: string, seq: number]

/**
 * The newest request of each tab, so that one overtaken on its way is known for old. Remembers the 64 tabs heard from
 * last; most sessions have one or two, for which a list is the smallest.
 */
export class TabSeqs {
  /** The last one heard from comes last. */
  #seqs = none

  /** Notes a request. → false where a newer one of the same tab was seen before */
  accept(tab: string | undefined, seq: number | undefined): boolean {
    if (tab === undefined || seq === undefined) return true
    if (seq < this.#seqOf(tab, seq)) return false
    this.#note(tab, seq)
    return true
  }

  /** Whether a request has come before, and one of another tab since: the network repeats it, and nobody says it anew. */
  isOutdone(tab: string | undefined, seq: number | undefined): boolean {
    if (tab === undefined || seq === undefined) return false
    return seq === this.#seqOf(tab, -1) && this.#seqs.at(-1)?.[0] !== tab
  }

  merge(seqByTab: SessionRecord['seqByTab']) {
    for (const [tab, seq] of Object.entries(seqByTab)) this.#note(tab, Math.max(seq, this.#seqOf(tab, seq)))
  }

  toJSON(): SessionRecord['seqByTab'] {
    return this.#seqs === none ? nobody : Object.fromEntries(this.#seqs)
  }

  #seqOf(tab: string, otherwise: number): number {
    return this.#seqs.find(([name]) => name === tab)?.[1] ?? otherwise
  }

  #note(tab: string, seq: number) {
    this.#seqs = this.#seqs
      .filter(([name]) => name !== tab)
      .slice(1 - maxTabs)
      .concat([[tab, seq]])
  }
}
