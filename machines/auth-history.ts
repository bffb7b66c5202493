import { authReasons, stateLabels, toReason, toStateLabel } from './auth-reason.ts'
import type { AuthReason, AuthReasonHint, AuthStateLabel } from './auth-reason.ts'
import type { AuthView } from './auth-view.ts'

/** One change of a session's state, or several alike. */
export interface AuthTransition {
  /** Epoch ms; of several alike, the last. */
  readonly at: number
  /** Of several alike, the first. */
  readonly since: number
  /** How often it happened; mostly 1. */
  readonly count: number
  readonly from: AuthStateLabel
  readonly to: AuthStateLabel
  readonly code: AuthReason
}

/**
 * The last 20 transitions of one session, packed into a short text, so that a server can afford it for every session.
 * Steps that alternate, as retries do, and renewals in a row count as one.
 */
export interface AuthHistory {
  /** The newest view; the session holds it anyway. */
  readonly view: AuthView
  /** Read it with {@link toTransitions}. */
  readonly packed: string
}

const limit = 20

/** A history that begins where a session stands now. */
export function createHistory(view: AuthView): AuthHistory {
  return { view, packed: '' }
}

/** The history with the step to `view` in it; with the new view alone, where there is nothing to tell. */
export function addToHistory(history: AuthHistory, view: AuthView, hint?: AuthReasonHint): AuthHistory {
  const { view: previous, packed } = history
  const code = toReason(previous, view, hint)
  if (code === null) return { view, packed }
  const step = toStep(toStateLabel(previous), toStateLabel(view), code)
  const entries = split(packed)
  const same = entries.slice(-2).find((entry) => unpack(entry).step === step)
  const { since, count } = same ? unpack(same) : { since: view.now, count: 0 }
  const others = entries.filter((entry) => entry !== same).slice(1 - limit)
  // Joined rather than added up, since an engine keeps a sum of texts in its parts.
  return { view, packed: [...others, pack({ at: view.now, since, count: count + 1, step })].join() }
}

/** Oldest first. */
export function toTransitions({ packed }: AuthHistory): AuthTransition[] {
  return split(packed).map((entry) => {
    const { step, ...times } = unpack(entry)
    return { ...times, ...fromStep(step) }
  })
}

interface Entry extends Pick<AuthTransition, 'at' | 'since' | 'count'> {
  /** The labels and the reason. */
  readonly step: number
}

const split = (packed: string) => (packed === '' ? [] : packed.split(','))

const pack = ({ at, since, count, step }: Entry) =>
  [at, at - since, count, step].map((part) => part.toString(36)).join(' ')

function unpack(entry: string): Entry {
  const [at = 0, ago = 0, count = 0, step = 0] = entry.split(' ').map((part) => parseInt(part, 36))
  return { at, since: at - ago, count, step }
}

function toStep(from: AuthStateLabel, to: AuthStateLabel, code: AuthReason): number {
  return (
    (authReasons.indexOf(code) * stateLabels.length + stateLabels.indexOf(to)) * stateLabels.length +
    stateLabels.indexOf(from)
  )
}

function fromStep(step: number): Pick<AuthTransition, 'from' | 'to' | 'code'> {
  const size = stateLabels.length
  return {
    from: stateLabels[step % size]!,
    to: stateLabels[Math.floor(step / size) % size]!,
    code: authReasons[Math.floor(step / size / size)]!,
  }
}
