import {
  authErrors,
  type AuthError,
  type AdoptedSession,
  type AuthEmitted,
  type AuthSnapshot,
  type AuthUser,
  type VerifiedSession,
} from '../../../machines/index.ts'
import type { AuthModel, AuthModelEvent, ModelTrace } from '../auth-model.ts'
import type { AuthPath } from '../auth-paths.ts'
import type { ConformanceAction, ConformanceStep, TokenVerdict } from './conformance-step.ts'
import { describeEvent } from './describe-event.ts'

/** One step, with the result of the machine's model. */
export interface PlannedStep {
  readonly step: ConformanceStep
  /** The model's snapshots before and after the step. */
  readonly before: AuthSnapshot
  readonly after: AuthSnapshot
  readonly trace: ModelTrace
  /** The difference between the wall clock and the timers, ms. */
  readonly skew: number
}

/** A path of the model as steps for a system under test, with the expected result of each. */
export function planPath({ steps }: AuthPath, model: AuthModel): PlannedStep[] {
  const moves = steps.slice(1).map(({ event, state }, index) => ({ event, after: state, before: steps[index]!.state }))
  const verdicts = moves.flatMap(({ event, before }) => {
    const verdict = toVerdict(event)
    return verdict ? [{ id: before.context.queue[0]?.id, verdict }] : []
  })
  return moves.map(({ event, before, after }) => {
    const action = toAction(event, before, after, model)
    const verdictsOf = (id: string) => verdicts.flatMap((each) => (each.id === id ? [each.verdict] : []))
    return {
      step: {
        ...(action.kind === 'token' ? { ...action, verdicts: verdictsOf(action.id) } : action),
        description: describeEvent(event),
      },
      before,
      after,
      trace: model.traceOf(after),
      skew: model.timeOf(after).skew,
    }
  })
}

function toAction(
  event: AuthModelEvent,
  before: AuthSnapshot,
  after: AuthSnapshot,
  model: AuthModel,
): ConformanceAction {
  const { type, token, id, sessionId, userId, record, user } = event as AuthModelEvent & EventFields
  const verdict = toVerdict(event)
  if (verdict) return { kind: 'verdict', id: before.context.queue[0]?.id ?? '', verdict }
  switch (type) {
    case 'token.received':
      return { kind: 'token', id, token, verdicts: [], isChecked: after.context.queue[0]?.id === id }
    case 'session.cleared':
      return { kind: 'clear', sessionId, discards: toDiscarded(before, after) }
    case 'session.revoked':
      return { kind: 'revoke', sessionId, userId, discards: toDiscarded(before, after) }
    case 'session.adopted':
      return { kind: 'adopt', record }
    case 'keys.refreshed':
      return { kind: 'keys' }
    case 'user.loaded':
      return { kind: 'profile', userId: user.id, user }
    case 'user.failed':
      return { kind: 'profile', userId: userId ?? '', user: null }
    default:
      if (type !== 'time.passed' && !Object.hasOwn(model.timeOf(before).timers, type)) {
        throw new Error(`planPath: the event ${type} has no step`)
      }
      return {
        kind: 'time',
        ms: model.timeOf(after).elapsed - model.timeOf(before).elapsed,
        clockJump: event.clockJump ?? 0,
      }
  }
}

/** The tokens that a sign-out cut off. */
function toDiscarded(before: AuthSnapshot, after: AuthSnapshot): string[] {
  const { queue, held } = after.context
  return queue.length + held.length > 0
    ? []
    : [...before.context.held, ...before.context.queue].map(({ id }) => id ?? '')
}

interface EventFields {
  readonly id: string
  readonly token: Extract<ConformanceAction, { kind: 'token' }>['token']
  readonly sessionId?: string
  readonly userId?: string
  readonly record: AdoptedSession
  readonly user: AuthUser
}

function toVerdict(event: AuthModelEvent): TokenVerdict | null {
  if (event.type.startsWith('xstate.done.actor')) return { session: event['output'] as VerifiedSession, error: null }
  if (event.type.startsWith('xstate.error.actor')) return { session: null, error: event['error'] as AuthError }
  return null
}

/** The settlement of a token: its id and its outcome. `token.discarded` reads as a token that a sign-out ended. */
export interface SettledToken {
  readonly id: string
  /** The error code of a token's answer; null if the answer was no error: accepted, ignored, or `session-pending`. */
  readonly code: string | null
}

/**
 * The answered tokens by id, from the events that the machine emitted. A token for which nobody waits any more is left
 * out.
 */
export function toSettled(emitted: readonly AuthEmitted[]): SettledToken[] {
  return emitted.flatMap((event): SettledToken[] => {
    if (event.type === 'token.settled' && event.id !== undefined) {
      const { id, error } = event
      return [{ id, code: error && authErrors[error.code].status !== 200 ? error.code : null }]
    }
    if (event.type === 'token.discarded' && event.id !== undefined) return [{ id: event.id, code: 'token-superseded' }]
    return []
  })
}
