import type { BearerToken } from '../../../machines/bearer-token.ts'
import type { AuthHistory } from '../../../machines/explain/auth-history.ts'
import type { AuthRule } from '../../../machines/is-allowed.ts'
import type { AuthClaims } from '../../../machines/verified-session.ts'
import type { SessionChange } from './auth-changes.ts'
import { RequestBudget } from './request-budget.ts'
import type { SignIn } from './sign-in.ts'
import { TabSeqs } from './tab-seqs.ts'

const none: readonly string[] = []

/** A signal that aborts when a rule no longer holds. */
export interface RuleSignal {
  readonly rule: AuthRule
  /** The organization that was active when the signal was asked for. */
  readonly orgId: string | null
  readonly controller: AbortController
  /** Set if the rule stops holding after some time. */
  timer?: ReturnType<typeof setTimeout>
}

/** The signals of one session by their rules, because an app asks for the same few rules again and again. */
type RuleSignals = Map<string, RuleSignal>

export interface LastProof {
  readonly sessionId: string
  readonly issuedAt: number
}

/** The state that a node keeps beside the machine of a session. */
export interface SessionState {
  readonly budget: RequestBudget
  readonly seqs: TabSeqs
  /** The digest of the token that proves the session, and the claims that it proved. */
  proof: { readonly digest: string; readonly claims: AuthClaims } | null
  /** The Clerk session that was proven last, even if it has long expired: a sign-out ends it all the same. */
  lastProven: LastProof | null
  /** The sign-in with the Clerk session that was proven last; it stays after the proof has expired. */
  signIn: SignIn | null
  /** True if the session was signed out and the store may lack the tombstone. */
  isTombstoneOwed: boolean
  /** True if another node decided and stored the current state, so that this node may forget the session. */
  isFollower: boolean
  /** The client's address that the session was created for, or null if addresses are not bounded. */
  readonly address: string | null
  /** How many requests work on the session. */
  holds: number
  /** When a request last asked for the session, or its last stream ended, by `performance.now()`. */
  usedAt: number
  /** True until a request brings its cookie: a browser that keeps no cookies never comes back to the session. */
  isUnclaimed: boolean
  /** True if the session signed in while no request was there to take a new cookie. */
  isRotationDue: boolean
  /** The tab that was given the current cookie, with its tokens that wait for keys. */
  holder: { readonly tab: string | undefined; readonly tokens: readonly BearerToken[] } | null
  /** Resolves when the store has the current cookie, or when storing it has failed. */
  rotating: Promise<void> | null
  /** True if the store may lack the current cookie. */
  isCookieOwed: boolean
  /** Aliases that were rotated away here, though they may still lead to the session in the store. */
  unretired: readonly string[]
  /** Aborts when the current identity ends. */
  controller: AbortController | null
  /** The signals that abort when a rule no longer holds; null before the first one is asked for. */
  ruleSignals: RuleSignals | null
  /** The history of the changes of the session; null before the first change. */
  history: AuthHistory | null
  /** The last change from before the registry took the session in. */
  unseen: SessionChange | null
}

export function createSessionState(requestsPerMinute: number, address: string | null): SessionState {
  return {
    budget: new RequestBudget(requestsPerMinute),
    seqs: new TabSeqs(),
    proof: null,
    lastProven: null,
    signIn: null,
    isTombstoneOwed: false,
    isFollower: false,
    address,
    holds: 0,
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

/** Notes a request with the cookie of a session. @returns true if it is the first one */
export function noteRequest(state: SessionState): boolean {
  state.usedAt = performance.now()
  return claim(state)
}

/** Notes that the last stream of a session has ended. */
export function noteIdle(state: SessionState) {
  state.usedAt = performance.now()
}

/** Notes that the browser of a session keeps its cookie. @returns true if that is new */
export function claim(state: SessionState): boolean {
  const { isUnclaimed } = state
  state.isUnclaimed = false
  return isUnclaimed
}

/** Notes the proof of a session that is signed in. A tombstone that is owed is of an earlier sign-in. */
export function noteSignIn(state: SessionState, proof: LastProof) {
  state.lastProven = proof
  state.isTombstoneOwed = false
}

/** Notes a stored proof, which may have expired. */
export function noteStoredProof(state: SessionState, proof: LastProof) {
  state.lastProven = proof
}

/** Notes that the store may lack the tombstone of the last proof. */
export function oweTombstone(state: SessionState) {
  state.isTombstoneOwed = true
}

/** Notes that the tombstone of a proof is stored, so that a repeated sign-out does not end what Clerk issued since. */
export function settleTombstone(state: SessionState, proof: LastProof | null) {
  if (state.lastProven !== proof) return
  state.lastProven = null
  state.isTombstoneOwed = false
}
