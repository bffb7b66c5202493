import type { AuthClaims } from '../../machines/verified-session.ts'
import type { SessionChange } from './live-session.ts'
import { createRequestBudget } from './request-budget.ts'
import type { RequestBudget } from './request-budget.ts'
import { createTabSeqs } from './tab-seqs.ts'
import type { TabSeqs } from './tab-seqs.ts'

/** What a node keeps beside the machine of a session. */
export interface SessionSeat {
  readonly budget: RequestBudget
  readonly seqs: TabSeqs
  /** The token that proves it, by digest, and what it proved. */
  proof: { readonly digest: string; readonly claims: AuthClaims } | null
  /** The Clerk session it proved last, even if long expired: a sign-out ends it all the same. */
  lastProven: { readonly sessionId: string; readonly issuedAt: number } | null
  /** Signed in when nobody was there to take a new cookie. */
  isRotationDue: boolean
  /** Resolves when the store has the current cookie. */
  rotating: Promise<void> | null
  /** Aborts when the identity of now ends. */
  controller: AbortController | null
  /** What happened before the session was taken in. */
  unseen: SessionChange | null
}

export function createSessionSeat(requestsPerMinute: number): SessionSeat {
  return {
    budget: createRequestBudget(requestsPerMinute),
    seqs: createTabSeqs(),
    proof: null,
    lastProven: null,
    isRotationDue: false,
    rotating: null,
    controller: null,
    unseen: null,
  }
}
