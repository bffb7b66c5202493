import { watchHistory } from './actor-history.ts'
import type { AuthActor } from './actor-history.ts'
import { isAuthErrorCode } from '../auth-error.ts'
import { addToHistory, toTransitions } from './auth-history.ts'
import type { AuthHistory, AuthTransition } from './auth-history.ts'
import { toReasonText } from './auth-reason.ts'
import { toAuthView } from '../auth-view.ts'
import type { AuthView } from '../auth-view.ts'

/** What is known beside the session itself. Each null or absent where it is not known. */
export interface ExplanationFacts {
  /** Ms since the signing keys in use were fetched. */
  readonly keysAge?: number | null
  /** The clock that judged the tokens minus the one that issued them, ms, with the time on the way. */
  readonly clockOffset?: number | null
  /** The same without the time on the way, where it is certain that the clocks differ by more than a few seconds. */
  readonly clockSkew?: number | null
  /** A sentence to add to the summary. */
  readonly note?: string
}

/** Why a session is what it is. It names no person: no user, session, organization, claim or token. */
export interface Explanation {
  /** The state, how it came about, and what else is amiss, in a few sentences. */
  readonly summary: string
  /** Up to 20, oldest first. */
  readonly transitions: readonly ExplainedTransition[]
  /** Ms; null where unknown. */
  readonly keysAge: number | null
  /** Ms by which the server's clock is ahead of Clerk's, with the time on the way; null where unknown. */
  readonly clockOffset: number | null
  /** Ms by which it is ahead, less than 0 where it is behind; null unless it is certain that the clocks differ. */
  readonly clockSkew: number | null
  /** All of it as lines for a person. */
  readonly text: string
}

export interface ExplainedTransition extends AuthTransition {
  /** The code in a sentence. */
  readonly text: string
}

/** An offset under this many ms is what a token's way here takes, and `iat` being in whole seconds. */
const usualOffset = 5_000
/** Keys that can be fetched are, by default, every 300 000 ms. */
const usualKeysAge = 600_000

/**
 * Why this actor is in the state that it is in: its last 20 transitions in words. Recording starts with the first call,
 * or with `recordTrace`; what was before is not known, and is said to be so.
 *
 * @example console.log(explain(actor).text)
 */
export function explain(actor: AuthActor, facts: ExplanationFacts = {}): Explanation {
  const { history, startedAt, isWhole, clockOffset } = watchHistory(actor)
  const note = isWhole ? '' : `Watched since ${toTime(startedAt)} only.`
  return explainHistory(history, toAuthView(actor.getSnapshot()), { clockOffset, note, ...facts })
}

/** The same for a history kept elsewhere, as a server keeps one for each session; `view` is that of this moment. */
export function explainHistory(history: AuthHistory, view: AuthView, facts: ExplanationFacts = {}): Explanation {
  const { keysAge = null, clockOffset = null, clockSkew = null, note = '' } = facts
  // A read may know of an expiry before the timer does.
  const transitions = toTransitions(addToHistory(history, view)).map((each) => ({
    ...each,
    text: toReasonText(each.code),
  }))
  const sentences = [
    toStatement(view),
    toCause(view, transitions.at(-1)),
    toClockNote(clockOffset, clockSkew),
    toKeysNote(keysAge),
    note,
  ]
  const summary = sentences.filter(Boolean).join(' ')
  const lines = [
    summary,
    ...transitions.map(toLine),
    `Keys: ${keysAge === null ? 'age unknown' : `fetched ${toSpan(keysAge)} ago`}.`,
    `Clock: ${clockOffset === null ? 'no token to compare it by' : `what came from Clerk the quickest got here ${toOffset(clockOffset)} it was made`}.`,
  ]
  return { summary, transitions, keysAge, clockOffset, clockSkew, text: lines.join('\n') }
}

function toStatement({ state, authChecked, expiresAt, now, error }: AuthView): string {
  switch (state) {
    case 'signedIn':
      return expiresAt !== null && now >= expiresAt
        ? 'Signed in within the clock tolerance: the token is past its exp.'
        : `Signed in, by a token good for another ${toSpan((expiresAt ?? now) - now)}.`
    case 'signedOut':
      return authChecked ? 'Signed out: that is a verdict.' : 'Signed out.'
    case 'error':
      return `Undecided: nobody is trusted and nobody is signed out${error?.retryable ? '; it is tried again' : ''}.`
    case 'verifying':
      return 'A token is being checked; nobody is trusted yet.'
    default:
      return 'No verdict yet: the browser has brought no token and said nothing of a sign-out.'
  }
}

function toCause(view: AuthView, last: ExplainedTransition | undefined): string {
  if (!last) return ''
  const isAside = view.isSignedIn && isAuthErrorCode(last.code)
  return `${isAside ? 'The last trouble ended nothing: ' : ''}${last.text} (${last.code}, ${toTime(last.at)})`
}

function toClockNote(offset: number | null, skew: number | null): string {
  if (skew !== null && skew > 0) {
    return `The server's clock is ${toSpan(skew)} ahead of Clerk's: tokens expire early, or as they come. Set it by NTP.`
  }
  if (offset === null || Math.abs(offset) < usualOffset) return ''
  if (offset < 0)
    return `The server's clock is ${toSpan(-offset)} behind Clerk's: its tokens seem to come from the future. Set it by NTP.`
  return `Tokens get here ${toSpan(offset)} after Clerk issued them, or the server's clock is that far ahead.`
}

function toKeysNote(age: number | null): string {
  return age !== null && age > usualKeysAge
    ? `The signing keys are ${toSpan(age)} old and have not been refreshed since.`
    : ''
}

function toLine({ at, since, count, from, to, code, text }: ExplainedTransition): string {
  const times = count > 1 ? ` (${count} times since ${toTime(since)})` : ''
  return `${toTime(at)}  ${from === to ? to : `${from} → ${to}`}  ${code}: ${text}${times}`
}

const toTime = (at: number) => new Date(at).toISOString().replace('T', ' ')

/** A span of ms as a person would say it. */
function toSpan(ms: number): string {
  if (ms < 1_000) return `${Math.max(Math.round(ms), 0)} ms`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
}

const toOffset = (ms: number) => (ms < 0 ? `${toSpan(-ms)} before` : `${toSpan(ms)} after`)
