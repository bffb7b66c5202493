import type { ActorLogic, AnyEventObject, AnyTransitionDefinition } from 'xstate'
import {
  AuthError,
  authMachine,
  BearerToken,
  type AuthContext,
  type AuthEmitted,
  type AuthInput,
  type AuthSnapshot,
  type VerifiedSession,
} from '../../machines/index.ts'
import { createProfile, createProof, signedOutRecord, toSignedInRecord, virtualEpoch } from './auth-fixtures.ts'
import { createTransitionRecorder } from './record-transition.ts'

/** The largest number of waiting tokens in a path. Beyond it further tokens would only fill the queue. */
const wideQueue = 2
/**
 * The value of every random number in the model's world. A system under test must draw the same, or its retries come at
 * another time.
 */
export const modelRandom = 0.37
/** A Clerk session that was revoked before a path begins. It has a tombstone in the model's world. */
export const revokedSessionId = 'sess_revoked'
/** The tombstones of the model's world. A machine under test must look them up here. */
export const modelTombstone: NonNullable<AuthInput['tombstone']> = ({ sessionId }) =>
  sessionId === revokedSessionId ? 'session-revoked' : null
/** The jump of the wall clock, in ms, in a step where a timer should find itself late or too early. */
const lateJump = 1_000
const earlyJump = -10_000
/** If a timer is far off, time passes until this many ms before it. */
const lastMoment = 1_000
const farOff = 5_000

/**
 * One step of a path. Timers and verdicts are ordinary events with XState's names (`xstate.after.…`,
 * `xstate.done.actor.…`, `xstate.error.actor.…`).
 */
export interface AuthModelEvent extends AnyEventObject {
  /** The text that distinguishes this event from others of its type. */
  readonly label?: string
  /** The jump of the wall clock, in ms, just before a timer fires. */
  readonly clockJump?: number
  /** Only for `time.passed`, which the machine does not know: the end of the wait, in ms since the start. */
  readonly until?: number
}

/** The virtual time of a snapshot of a path. */
export interface ModelTime {
  /** Ms since the start, as timers count them. */
  readonly elapsed: number
  /** The difference by which the wall clock is ahead of the timers, ms. */
  readonly skew: number
  /** The armed timers, as a map from the event type to the time when it fires, in ms since the start. */
  readonly timers: Readonly<Record<string, number>>
  /** The number of tokens received so far. They are named `t1`, `t2`, … in the order of their arrival. */
  readonly tokens: number
  /** True after a token has been accepted. From then on other nodes can know of the session. */
  readonly isKnown: boolean
  /** The number of sign-outs so far. A user who comes back after one has a Clerk session with a new name. */
  readonly ends: number
}

/** The effects of one step besides the next snapshot. */
export interface ModelTrace {
  readonly emitted: readonly AuthEmitted[]
  /** The transitions of the chart that were taken, in order. */
  readonly transitions: readonly AnyTransitionDefinition[]
}

/** The machine as pure logic over its own virtual time, for `xstate/graph`. */
export interface AuthModel {
  readonly logic: ActorLogic<AuthSnapshot, AuthModelEvent, AuthInput>
  /** Returns the first snapshot. */
  start(): AuthSnapshot
  /** Returns the snapshot after one event. */
  step(snapshot: AuthSnapshot, event: AuthModelEvent): AuthSnapshot
  /**
   * The possible events in a snapshot: events that may be sent, verdicts that may come, and the timer that is due next.
   */
  eventsOf(snapshot: AuthSnapshot): AuthModelEvent[]
  /** Returns the time of a snapshot, and the timers that are armed in it. */
  timeOf(snapshot: AuthSnapshot): ModelTime
  /** The effects of the step that led to a snapshot. */
  traceOf(snapshot: AuthSnapshot): ModelTrace
  /** Names a snapshot by everything that matters to the machine's further behaviour. */
  serializeState(snapshot: AuthSnapshot): string
}

/** Options of {@link createAuthModel}. */
export interface AuthModelOptions {
  /**
   * `all` (default): every event that may be sent to the machine, at any time. `outside`: only events that can reach it
   * in a server. There Clerk revokes only a signed-in user, another node knows a session only after a sign-in with it,
   * and a profile is loaded only for a signed-in user.
   */
  readonly events?: 'all' | 'outside'
}

/** Creates the model of the machine with these settings. */
export function createAuthModel(input: AuthInput = {}, { events = 'all' }: AuthModelOptions = {}): AuthModel {
  const times = new WeakMap<AuthSnapshot, ModelTime>()
  const traces = new WeakMap<AuthSnapshot, ModelTrace>()
  const recorder = createTransitionRecorder(authMachine)
  const timeOf = (snapshot: AuthSnapshot): ModelTime => times.get(snapshot)!

  const remember = ({ snapshot, actions, transitions }: ReturnType<typeof recorder.step>, time: ModelTime) => {
    const timers = { ...time.timers }
    const emitted: AuthEmitted[] = []
    for (const { type, params } of actions) {
      const { event, delay = 0, sendId } = (params ?? {}) as { event?: AnyEventObject; delay?: number; sendId?: string }
      if (type === 'xstate.raise' && event) timers[event.type] = time.elapsed + delay
      if (type === 'xstate.cancel' && sendId) delete timers[sendId]
      if (type === 'xstate.emit' && event) emitted.push(event as AuthEmitted)
    }
    const copy = { ...snapshot }
    times.set(copy, { ...time, timers })
    traces.set(copy, { emitted, transitions })
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
      tokens: before.tokens + (event.type === 'token.received' ? 1 : 0),
      isKnown: before.isKnown,
      ends: before.ends,
    }
    const taken = recorder.step(at(snapshot, time), event)
    const isEnd = isSigningOut(event) || (snapshot.hasTag('signedIn') && !taken.snapshot.hasTag('signedIn'))
    const isKnown = time.isKnown || (event.type.startsWith('xstate.done.actor') && taken.snapshot.hasTag('signedIn'))
    return remember(taken, { ...time, isKnown, ends: before.ends + (isEnd ? 1 : 0) })
  }

  const start = () => {
    const taken = recorder.start({
      random: () => modelRandom,
      tombstone: modelTombstone,
      ...input,
      now: () => virtualEpoch,
    })
    return remember(taken, { elapsed: 0, skew: 0, timers: {}, tokens: 0, isKnown: false, ends: 0 })
  }

  return {
    logic: { transition: step, getInitialSnapshot: start, getPersistedSnapshot: (snapshot) => snapshot },
    start,
    step,
    eventsOf(snapshot) {
      const possible = eventsOf(snapshot, timeOf(snapshot))
      return events === 'all' ? possible : possible.filter((event) => reaches(event, snapshot, timeOf(snapshot)))
    },
    timeOf,
    traceOf: (snapshot) => traces.get(snapshot)!,
    serializeState(snapshot) {
      const state = serializeState(snapshot, timeOf(snapshot))
      return events === 'all' ? state : `${state} ${timeOf(snapshot).isKnown}`
    },
  }
}

function serializeState({ value, context }: AuthSnapshot, time: ModelTime): string {
  const { userId, queue, held, timedOut, decided } = context
  const recheck = queue[0]?.undecided ? 'recheck' : 'first'
  const timers = toSchedule(time)
  const isNear = timers[0] !== undefined && timers[0].due - time.elapsed < farOff
  return JSON.stringify([
    value,
    userId,
    queue.length,
    queue.length > 0 && recheck,
    held.length,
    timedOut,
    decided,
    isNear,
    timers.map(({ type }) => type),
  ])
}

/** True where an event can reach the machine in a server. */
function reaches({ type, label, record }: AuthModelEvent, snapshot: AuthSnapshot, time: ModelTime): boolean {
  const isSignedIn = snapshot.hasTag('signedIn')
  if (type === 'session.revoked') return isSignedIn
  if (type.startsWith('user.')) return isSignedIn && label === undefined && snapshot.context.user === null
  if (type !== 'session.adopted') return true
  return time.isKnown && ((record as { status?: string }).status === 'signedIn' || isSignedIn)
}

const isSigningOut = ({ type }: AuthModelEvent) => type === 'session.cleared' || type === 'session.revoked'

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
    id: `t${time.tokens + 1}`,
    ...(context.queue.length > 4 && { label: 'too many' }),
  }
  if (context.queue.length > wideQueue) return [token]

  // Clerk starts a new session when a user signs in again, and a server refuses the remaining tokens of the ended one.
  const suffix = time.ends === 0 ? '' : `_${time.ends}`
  const sessionOf = (userId: string) => `sess_${userId.slice('user_'.length)}${suffix}`
  const proofOf = (userId: string, issuedAt = now) => createProof({ userId, issuedAt, sessionId: sessionOf(userId) })
  const revoked = createProof({ userId: 'user_revoked', sessionId: revokedSessionId, issuedAt: now })
  const external: AuthModelEvent[] = [
    ...(context.held.length <= 1 || context.queue.length > 0 ? [token] : []),
    { type: 'session.cleared' },
    { type: 'session.cleared', sessionId: 'sess_other', label: 'of another session' },
    { type: 'session.revoked' },
    { type: 'session.revoked', userId: 'user_other', label: 'of another user' },
    { type: 'session.adopted', record: toSignedInRecord(proofOf('user_c')), label: 'signed in' },
    { type: 'session.adopted', record: toSignedInRecord(proofOf('user_c', now - 3_600_000)), label: 'expired' },
    { type: 'session.adopted', record: toSignedInRecord(revoked), label: 'revoked' },
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
      done('proof of a revoked session', revoked),
      done('expired', proofOf('user_d', now - 3_600_000)),
      ...(context.userId === null || context.issuedAt === null ? [] : [done('older', toOlderProof(context, now))]),
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
  if (/^xstate\.after\.(expiry|staleness)/.test(type) && time.skew >= 0)
    timers.push({ type, clockJump: earlyJump, label: 'early' })
  return [...external, ...verdicts, ...timers]
}

/** A token of the proven session that was issued a second earlier and lives longer. */
function toOlderProof({ userId, sessionId, issuedAt }: AuthContext, now: number): VerifiedSession {
  const proven = { userId: userId ?? '', sessionId: sessionId ?? '', issuedAt: (issuedAt ?? 0) - 1_000 }
  return createProof({ ...proven, expiresAt: now + 60_000 })
}
