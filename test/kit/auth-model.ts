import { initialTransition, transition } from 'xstate'
import type { ActorLogic, AnyEventObject } from 'xstate'
import { AuthError, authMachine, BearerToken } from '../../machines/index.ts'
import type { AuthInput, AuthSnapshot, VerifiedSession } from '../../machines/index.ts'
import { createProfile, createProof, signedOutRecord, toSignedInRecord, virtualEpoch } from './auth-fixtures.ts'

/** The largest number of tokens a path lets wait before it only fills the queue up. */
const wideQueue = 2
/** How far the wall clock jumps in a step where a timer is meant to find itself late, or too early. Ms. */
const lateJump = 1_000
const earlyJump = -10_000
/** Time passes until this many ms before a timer, where that is far off. */
const lastMoment = 1_000
const farOff = 5_000

/**
 * One step of a path. Timers and verdicts are ordinary events, under the names XState gives them
 * (`xstate.after.…`, `xstate.done.actor.…`, `xstate.error.actor.…`).
 */
export interface AuthModelEvent extends AnyEventObject {
  /** What makes this event differ from others of its type. */
  readonly label?: string
  /** Ms by which the wall clock jumps just before a timer fires. */
  readonly clockJump?: number
  /** Of `time.passed`, which the machine knows nothing of: until when, in ms since the start. */
  readonly until?: number
}

/** The virtual time a snapshot of a path stands at. */
export interface ModelTime {
  /** Ms since the start, as timers count. */
  readonly elapsed: number
  /** How far the wall clock is ahead of the timers, ms. */
  readonly skew: number
  /** Armed timers: event type → when it fires, in ms since the start. */
  readonly timers: Readonly<Record<string, number>>
}

/** The machine as pure logic over its own virtual time, for `xstate/graph`. */
export interface AuthModel {
  readonly logic: ActorLogic<AuthSnapshot, AuthModelEvent, AuthInput>
  start(): AuthSnapshot
  step(snapshot: AuthSnapshot, event: AuthModelEvent): AuthSnapshot
  /** The events that make sense in a snapshot: what may be sent, the verdicts that may come, the timer due next. */
  eventsOf(snapshot: AuthSnapshot): AuthModelEvent[]
  timeOf(snapshot: AuthSnapshot): ModelTime
  /** Names a snapshot by what matters to the machine's further behaviour. */
  serializeState(snapshot: AuthSnapshot): string
}

export function createAuthModel(input: AuthInput = {}): AuthModel {
  const times = new WeakMap<AuthSnapshot, ModelTime>()
  const timeOf = (snapshot: AuthSnapshot): ModelTime => times.get(snapshot)!

  const remember = (
    snapshot: AuthSnapshot,
    actions: readonly { type: string; params: unknown }[],
    { elapsed, skew, timers }: ModelTime,
  ): AuthSnapshot => {
    const armed = { ...timers }
    for (const action of actions) {
      const params = action.params as { event?: AnyEventObject; delay?: number; sendId?: string } | undefined
      if (action.type === 'xstate.raise' && params?.event) armed[params.event.type] = elapsed + (params.delay ?? 0)
      if (action.type === 'xstate.cancel' && params?.sendId) delete armed[params.sendId]
    }
    const copy = { ...snapshot }
    times.set(copy, { elapsed, skew, timers: armed })
    return copy
  }
  const at = (snapshot: AuthSnapshot, { elapsed, skew }: ModelTime): AuthSnapshot => ({
    ...snapshot,
    context: {
      ...snapshot.context,
      settings: { ...snapshot.context.settings, now: () => virtualEpoch + elapsed + skew },
    },
  })

  const step = (snapshot: AuthSnapshot, event: AuthModelEvent): AuthSnapshot => {
    const before = timeOf(snapshot)
    const { [event.type]: due, ...timers } = before.timers
    const time: ModelTime = {
      elapsed: Math.max(before.elapsed, due ?? 0, event.until ?? 0),
      skew: before.skew + (event.clockJump ?? 0),
      timers: due === undefined ? before.timers : timers,
    }
    const [next, actions] = transition(authMachine, at(snapshot, time), event as never)
    return remember(next, actions, time)
  }

  const start = () => {
    const [snapshot, actions] = initialTransition(authMachine, {
      random: () => 0.37,
      ...input,
      now: () => virtualEpoch,
    })
    return remember(snapshot, actions, { elapsed: 0, skew: 0, timers: {} })
  }

  return {
    logic: { transition: step, getInitialSnapshot: start, getPersistedSnapshot: (snapshot) => snapshot },
    start,
    step,
    eventsOf: (snapshot) => eventsOf(snapshot, timeOf(snapshot)),
    timeOf,
    serializeState: (snapshot) => serializeState(snapshot, timeOf(snapshot)),
  }
}

function serializeState({ value, context }: AuthSnapshot, time: ModelTime): string {
  const { sessionId, queue, held, timedOut, decided } = context
  const recheck = queue[0]?.undecided ? 'recheck' : 'first'
  const timers = toSchedule(time)
  const isNear = timers[0] !== undefined && timers[0].due - time.elapsed < farOff
  return JSON.stringify([
    value,
    sessionId,
    queue.length,
    queue.length > 0 && recheck,
    held.length,
    timedOut,
    decided,
    isNear,
    timers.map(({ type }) => type),
  ])
}

function toSchedule({ timers }: ModelTime): { type: string; due: number }[] {
  return Object.entries(timers)
    .map(([type, due]) => ({ type, due }))
    .toSorted((a, b) => a.due - b.due)
}

function eventsOf(snapshot: AuthSnapshot, time: ModelTime): AuthModelEvent[] {
  const { context } = snapshot
  const now = virtualEpoch + time.elapsed + time.skew
  const checks = Object.keys(snapshot.children)
  const token: AuthModelEvent = {
    type: 'token.received',
    token: new BearerToken('model.token'),
    id: 'model',
    ...(context.queue.length > 4 && { label: 'too many' }),
  }
  if (context.queue.length > wideQueue) return [token]

  const proofOf = (userId: string, issuedAt = now) => createProof({ userId, issuedAt })
  const external: AuthModelEvent[] = [
    ...(context.held.length <= 1 || context.queue.length > 0 ? [token] : []),
    { type: 'session.cleared' },
    { type: 'session.cleared', sessionId: 'sess_other', label: 'of another session' },
    { type: 'session.revoked' },
    { type: 'session.revoked', userId: 'user_other', label: 'of another user' },
    { type: 'session.adopted', record: toSignedInRecord(proofOf('user_c')), label: 'signed in' },
    { type: 'session.adopted', record: toSignedInRecord(proofOf('user_c', now - 3_600_000)), label: 'expired' },
    { type: 'session.adopted', record: signedOutRecord, label: 'signed out' },
    { type: 'keys.refreshed' },
    { type: 'user.loaded', user: createProfile({ id: context.userId ?? 'user_a' }) },
    { type: 'user.loaded', user: createProfile({ id: 'user_other' }), label: 'of another user' },
    { type: 'user.failed', userId: context.userId ?? 'user_a' },
  ]
  const verdicts = checks.flatMap((id): AuthModelEvent[] => {
    const again = context.queue[0]?.undecided ? ', checked again' : ''
    const done = (label: string, output: VerifiedSession) => ({
      type: `xstate.done.actor.${id}`,
      output,
      label: label + again,
    })
    const failed = (error: AuthError) => ({
      type: `xstate.error.actor.${id}`,
      error,
      label: error.code + again,
    })
    return [
      done('proof', proofOf('user_a')),
      done('proof of another user', proofOf('user_b')),
      done('pending', { ...proofOf('user_a'), status: 'pending' }),
      done('expired', proofOf('user_d', now - 3_600_000)),
      ...(context.userId === null || context.issuedAt === null
        ? []
        : [done('older', { ...proofOf(context.userId, context.issuedAt - 1_000), expiresAt: now + 60_000 })]),
      failed(new AuthError('token-signature')),
      failed(new AuthError('token-expired')),
      failed(new AuthError('keys-unavailable')),
    ]
  })
  const [timer] = toSchedule(time)
  if (!timer) return [...external, ...verdicts]
  const { type, due } = timer
  const timers: AuthModelEvent[] = [{ type }]
  if (due - time.elapsed >= farOff) timers.push({ type: 'time.passed', until: due - lastMoment })
  if (type.startsWith('xstate.after.expiry')) timers.push({ type, clockJump: lateJump, label: 'late' })
  if (type.startsWith('xstate.after.expiry') && time.skew >= 0)
    timers.push({ type, clockJump: earlyJump, label: 'early' })
  return [...external, ...verdicts, ...timers]
}
