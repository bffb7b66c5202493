import type { SessionRecord } from '../../../machines/session-record.ts'

const maxTabs = 64
const none: readonly TabSeq[] = []
const nobody: SessionRecord['seqByTab'] = {}

type TabSeq = readonly [tab: string, seq: number]

/**
 * Remembers the newest request of each tab, so that an older one that arrives later is recognised. It remembers the 64
 * tabs heard from last. It is a list because most sessions have one or two tabs, and a list is the smallest for that.
 */
export class TabSeqs {
  /** The tab heard from last comes last. */
  #seqs = none
  #news = 0
  #decided: TabSeq | null = null

  /** The number of requests at this node that were newer than all earlier ones of their tab. */
  get news(): number {
    return this.#news
  }

  /** Notes a request. @returns false if a newer one of the same tab was seen before */
  accept(tab: string | undefined, seq: number | undefined): boolean {
    if (tab === undefined || seq === undefined) return true
    const known = this.#seqOf(tab, -1)
    if (seq < known) return false
    if (seq > known) this.#news += 1
    this.#note(tab, seq)
    return true
  }

  /**
   * @returns true if this very request came before and another tab has sent one since: the network repeats it, so it is
   * no new statement of its tab
   */
  isOutdone(tab: string | undefined, seq: number | undefined): boolean {
    if (tab === undefined || seq === undefined) return false
    return seq === this.#seqOf(tab, -1) && this.#seqs.at(-1)?.[0] !== tab
  }

  /** Notes the request that the identity of the session follows. It may name no tab. */
  noteDecision(tab: string | undefined, seq: number | undefined) {
    this.#decided = tab === undefined || seq === undefined ? null : [tab, seq]
  }

  /** @returns true if another node knows of a newer request of the tab that the identity of the session follows */
  isDecisionOvertaken(seqByTab: SessionRecord['seqByTab']): boolean {
    if (!this.#decided) return false
    const [tab, seq] = this.#decided
    return Object.hasOwn(seqByTab, tab) && seqByTab[tab]! > seq
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
