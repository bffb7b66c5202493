import type { AuthView } from '../auth-view.ts'
import {
  authReasons,
  stateLabels,
  toReason,
  toStateLabel,
  type AuthReason,
  type AuthStateLabel,
} from './auth-reason.ts'

/** One change of a session's state, or several equal ones in a row. */
export interface AuthTransition {
  /** Moment of the change, or of the last of several, epoch ms. */
  readonly at: number
  /** Moment of the first of several, epoch ms. */
  readonly since: number
  /** Number of equal changes; mostly 1. */
  readonly count: number
  /** The state before. */
  readonly from: AuthStateLabel
  /** The state after. */
  readonly to: AuthStateLabel
  /** The reason, as a code. */
  readonly code: AuthReason
}

/**
 * The last 20 transitions of one session. All but the newest are packed into a short text, so that a server can keep a
 * history for every session. Alternating steps, as retries make them, and renewals in a row count as one.
 */
export interface AuthHistory {
  /** The newest view; the session holds it anyway. */
  readonly view: AuthView
  /** The transitions before `last`. Read them with {@link toTransitions}. */
  readonly packed: string
  /** The newest transition; null before the first. */
  readonly last: PackedTransition | null
}

export interface PackedTransition extends Pick<AuthTransition, 'at' | 'since' | 'count'> {
  /** The labels and the reason, as one number. */
  readonly step: number
}

const limit = 20

/** Returns a history that begins with the current view. */
export function createHistory(view: AuthView): AuthHistory {
  return { view, packed: '', last: null }
}

/**
 * Returns the history with the step to `view` added, or only with the new view if nothing changed that is worth
 * telling.
 *
 * @param isAdopted True if another node, or the store, decided this step. Default false.
 */
export function addToHistory(history: AuthHistory, view: AuthView, isAdopted = false): AuthHistory {
  const { view: previous, packed, last } = history
  const code = toReason(previous, view, isAdopted)
  if (code === null) return { view, packed, last }
  const at = view.now
  const step = toStep(toStateLabel(previous), toStateLabel(view), code)
  if (last?.step === step) return { view, packed, last: { at, since: last.since, count: last.count + 1, step } }
  const entries = split(packed)
  const before = entries.length > 0 ? unpack(entries.at(-1)!) : null
  const isAgain = before?.step === step
  const others = [...(isAgain ? entries.slice(0, -1) : entries), ...(last ? [pack(last)] : [])]
  return {
    view,
    packed: others.slice(1 - limit).join(),
    last: { at, since: isAgain ? before.since : at, count: isAgain ? before.count + 1 : 1, step },
  }
}

/** Returns the transitions, oldest first. */
export function toTransitions({ packed, last }: AuthHistory): AuthTransition[] {
  return [...split(packed).map(unpack), ...(last ? [last] : [])].map(({ step, ...times }) => ({
    ...times,
    ...fromStep(step),
  }))
}

const split = (packed: string) => (packed === '' ? [] : packed.split(','))

const pack = ({ at, since, count, step }: PackedTransition) =>
  [at, at - since, count, step].map((part) => part.toString(36)).join(' ')

function unpack(entry: string): PackedTransition {
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
