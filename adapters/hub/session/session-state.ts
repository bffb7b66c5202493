import type { AuthHistory } from '../../../machines/explain/auth-history.ts'
import type { BearerToken } from '../../../machines/bearer-token.ts'
import type { AuthRule } from '../../../machines/is-allowed.ts'
import type { AuthClaims } from '../../../machines/verified-session.ts'
import type { SessionChange } from './auth-changes.ts'
import { RequestBudget } from './request-budget.ts'
import { TabSeqs } from './tab-seqs.ts'

const none: readonly string[] = []

/** A signal that aborts when a rule no longer holds. */
export interface RuleSignal {
  readonly rule: AuthRule
  /** The organization that was active when the signal was asked for. */
  readonly orgId: string | null
  readonly controller: AbortController
  /** Set where a rule stops holding by itself. */
  timer?: ReturnType<typeof setTimeout>
}

/** The signals of one session, by their rules: an app asks by the same few rules again and again. */
type RuleSignals = Map<string, RuleSignal>

/** What a node keeps beside the machine of a session. */
export interface SessionState {
  readonly budget: RequestBudget
  readonly seqs: TabSeqs
  /** The token that proves it, by digest, and what it proved. */
  proof: { readonly digest: string; readonly claims: AuthClaims } | null
  /** The Clerk session it proved last, even if long expired: a sign-out ends it all the same. */
  lastProven: { readonly sessionId: string; readonly issuedAt: number } | null
  /** It was signed out, and the store may not have the tombstone. */
  isTombstoneOwed: boolean
  /** Another node decided what it is now, and stored it: this one may forget it. */
  isFollower: boolean
  /** The client's address that it was made for, or null where addresses are not bounded. */
  address: string | null
  /** When a request last asked for it, or its last stream ended, by `performance.now()`. */
  usedAt: number
  /** No request has brought its cookie yet: a browser that keeps no cookies never comes back to it. */
  isUnclaimed: boolean
  /** Signed in when nobody was there to take a new cookie. */
  isRotationDue: boolean
  /** Who was given the current cookie with the answer that their token has to wait for keys. */
  holder: { readonly tab: string | undefined; readonly tokens: readonly BearerToken[] } | null
  /** Resolves when the store has the current cookie, or could not be given it. */
  rotating: Promise<void> | null
  /** The store may not have the current cookie. */
  isCookieOwed: boolean
  /** Aliases that were rotated away, though the store may still lead there by them. */
  unretired: readonly string[]
  /** Aborts when the identity of now ends. */
  controller: AbortController | null
  /** Abort when a rule no longer holds; null before the first one is asked for. */
  ruleSignals: RuleSignals | null
  /** How it came to be what it is; null before the first change. */
  history: AuthHistory | null
  /** What happened before the session was taken in. */
  unseen: SessionChange | null
}

export function createSessionState(requestsPerMinute: number): SessionState {
  return {
    budget: new RequestBudget(requestsPerMinute),
    seqs: new TabSeqs(),
    proof: null,
    lastProven: null,
    isTombstoneOwed: false,
    isFollower: false,
    address: null,
    usedAt: performance.now(),
    isUnclaimed: true,
    isRotationDue: false,
    holder: null,
    rotating: null,
    isCookieOwed: false,
    unretired: none,
    controller: null,
    ruleSignals: null,
    history: null,
    unseen: null,
  }
}
