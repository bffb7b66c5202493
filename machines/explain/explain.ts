import { isAuthErrorCode } from '../auth-error.ts'
import { toAuthView, type AuthView } from '../auth-view.ts'
import { watchHistory, type AuthActor } from './actor-history.ts'
import { addToHistory, toTransitions, type AuthHistory, type AuthTransition } from './auth-history.ts'
import { toReasonText } from './auth-reason.ts'

/** Facts from outside the session. Each is null or absent if it is not known. */
export interface ExplanationFacts {
  /** Milliseconds since the signing keys in use were fetched. */
  readonly keysAge?: number | null
  /**
   * Milliseconds from the issue of a token by Clerk's clock to its check by the server's: the difference of the clocks
   * plus the time in transit.
   */
  readonly clockOffset?: number | null
  /** The difference of the clocks alone, ms, if it is certain that they differ by more than a few seconds. */
  readonly clockSkew?: number | null
  /** A sentence to add to the summary. */
  readonly note?: string
}

/**
 * The explanation of a session's state. It identifies no person: it contains no user, session, organization, claim or
 * token.
 */
export interface Explanation {
  /** The state, how it came about, and other problems, in a few sentences. */
  readonly summary: string
  /** Up to 20 transitions, oldest first. */
  readonly transitions: readonly ExplainedTransition[]
  /** Age of the signing keys, ms; null if unknown. */
  readonly keysAge: number | null
  /** Milliseconds by which the server's clock is ahead of Clerk's, plus the time in transit; null if unknown. */
  readonly clockOffset: number | null
  /** Milliseconds by which it is ahead, negative if it is behind; null unless it is certain that the clocks differ. */
  readonly clockSkew: number | null
  /** The whole explanation as lines of text for a person. */
  readonly text: string
}

/** A transition of a session, with its reason in words. */
export interface ExplainedTransition extends AuthTransition {
  /** The code as a sentence. */
  readonly text: string
}

/** A smaller offset, in ms, is normal, because a token takes time to arrive and its `iat` counts whole seconds. */
const usualOffset = 5_000
/** Older keys, in ms, are unusual, because by default keys are fetched every 300 000 ms if the endpoint answers. */
const usualKeysAge = 600_000

/**
 * Explains why this actor is in its state: its last 20 transitions in words. Recording starts with the first call, or
 * with `recordTrace`. The summary says so if earlier events are not known.
 *
 * @throws AuthError `internal` for an actor that was restored from a snapshot in JSON
 * @example console.log(explain(actor).text)
 */
export function explain(actor: AuthActor, facts: ExplanationFacts = {}): Explanation {
  const { history, startedAt, isWhole, clockOffset } = watchHistory(actor)
  const note = isWhole ? '' : `Events before ${toTime(startedAt)} are not known.`
  return explainHistory(history, toAuthView(actor.getSnapshot()), { clockOffset, note, ...facts })
}

/**
 * Does the same for a history kept elsewhere, as a server keeps one for each session. `view` is the view of this
 * moment.
 */
export function explainHistory(history: AuthHistory, view: AuthView, facts: ExplanationFacts = {}): Explanation {
  const { keysAge = null, clockOffset = null, clockSkew = null, note = '' } = facts
  // A read may know of an expiry before the timer does, so the current view is added first.
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
    `Clock: ${clockOffset === null ? 'no token to compare it with' : `the fastest token from Clerk arrived ${toOffset(clockOffset)} it was issued`}.`,
  ]
  return { summary, transitions, keysAge, clockOffset, clockSkew, text: lines.join('\n') }
}

function toStatement({ state, expiresAt, now, error }: AuthView): string {
  switch (state) {
    case 'signedIn':
      return expiresAt !== null && now >= expiresAt
        ? 'Signed in within the clock tolerance: the token is past its exp.'
        : `Signed in, by a token good for another ${toSpan((expiresAt ?? now) - now)}.`
    case 'signedOut':
      return 'Signed out.'
    case 'error':
      return `Undecided: no user is trusted, and no user is signed out${error?.retryable ? '; the check is tried again' : ''}.`
    case 'verifying':
      return 'A token is being checked; no user is trusted yet.'
    default:
      return 'No verdict yet: the browser has sent neither a token nor a sign-out.'
  }
}

function toCause(view: AuthView, last: ExplainedTransition | undefined): string {
  if (!last) return ''
  const isAside = view.isSignedIn && isAuthErrorCode(last.code)
  return `${isAside ? 'The last error did not end the session: ' : ''}${last.text} (${last.code}, ${toTime(last.at)})`
}

function toClockNote(offset: number | null, skew: number | null): string {
  if (skew !== null && skew > 0) {
    return `The server's clock is ${toSpan(skew)} ahead of Clerk's, so tokens expire early or are already expired when they arrive. Set the clock by NTP.`
  }
  if (offset === null || Math.abs(offset) < usualOffset) return ''
  if (offset < 0)
    return `The server's clock is ${toSpan(-offset)} behind Clerk's, so tokens seem to be issued in the future. Set the clock by NTP.`
  return `Tokens arrive ${toSpan(offset)} after Clerk issued them, or the server's clock is that far ahead.`
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

/** Returns a span of ms in words for a person. */
function toSpan(ms: number): string {
  if (ms < 1_000) return `${Math.max(Math.round(ms), 0)} ms`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
}

const toOffset = (ms: number) => (ms < 0 ? `${toSpan(-ms)} before` : `${toSpan(ms)} after`)
