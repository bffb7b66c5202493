import { createActor, fromPromise } from 'xstate'
import { toDelay } from '../../machines/backoff.ts'
import { toArmedTimers, toTracedView } from '../../machines/explain/auth-trace.ts'
import {
  AuthError,
  authMachine,
  BearerToken,
  type AuthErrorCode,
  type AdoptedSession,
  type AuthEvent,
  type AuthMachine,
  type AuthTraceJson,
  type TracedEvent,
  type TracedSession,
  type TracedView,
  type TraceStep,
  type VerifiedSession,
} from '../../machines/index.ts'
import { createProfile } from './auth-fixtures.ts'
import { createReplayClock } from './replay-clock.ts'

/**
 * A recording notes the time shortly after the machine has read it, so delays that differ by less than this count as
 * equal. Ms.
 */
const clockGrain = 50

/**
 * Runs a recording of `recordTrace` again, on today's machine and under a simulated clock, and returns the view after
 * each step. If the machine still behaves as before, the views equal the recorded ones. Timers fire as they did, but
 * only if the machine has armed them; each view includes the armed timers and their delays.
 *
 * @param machine the machine to run; default `authMachine`. Its `verifyToken` is replaced by the recorded verdicts.
 * @throws TypeError for a value that is not a trace, or for a trace that began too late to be run
 * @throws AuthError `internal` if the machine makes a view that cannot be read
 * @example expect(await replayTrace(trace)).toEqual(trace.steps.map((step) => step.view))
 */
export async function replayTrace(trace: AuthTraceJson, machine: AuthMachine = authMachine): Promise<TracedView[]> {
  requireRunnable(trace)
  const { startedAt, settings, steps } = trace
  const clock = createReplayClock()
  const checks = new Map<string, { resolve(session: VerifiedSession): void; reject(error: unknown): void }>()
  let now = startedAt
  let retryAt = startedAt
  let step: TraceStep | undefined

  /** A verdict looks up the session of its event, and a read looks up the proven session. */
  function readTombstone({ sessionId }: Pick<VerifiedSession, 'sessionId'>): AuthErrorCode | null {
    const isOfEvent = step && 'session' in step.event && step.event.session.sessionId === sessionId
    return (isOfEvent ? step?.tombstone : step?.ended) ?? null
  }

  const actor = createActor(
    machine.provide({
      actors: {
        verifyToken: fromPromise<VerifiedSession, { token: BearerToken }>(
          ({ input: { token } }) =>
            new Promise((resolve, reject) => void checks.set(token.reveal(), { resolve, reject })),
        ),
      },
      // The recording already contains the effect of jitter.
      delays: { retryDelay: () => toDelay(retryAt, now) },
    }),
    { clock, input: { ...settings, now: () => now, tombstone: readTombstone } },
  ).start()

  const views: TracedView[] = []
  for (step of steps) {
    now = startedAt + (step.clock ?? step.at)
    if (step.retryAt !== undefined) retryAt = startedAt + step.retryAt
    const { event } = step
    const check = checks.get(event.type.startsWith('token.') ? toTokenText(event) : '')
    if (event.type === 'timer') clock.fire(toArmedTimers(actor).findIndex(([name]) => name === event.name))
    else if (event.type === 'token.verified') check?.resolve(toVerified(event.session))
    else if (event.type === 'token.failed') {
      check?.reject(new AuthError(event.code, undefined, { retryAfter: event.retryAfter }))
    } else actor.send(toSent(event))
    // A verdict takes a few turns of the promise queue to reach the machine.
    for (let turn = 0; turn < 4; turn += 1) await Promise.resolve()
    views.push(withRecordedDelays(toTracedView(actor), step.view))
  }
  actor.stop()
  return views
}

function withRecordedDelays(view: TracedView, { timers: recorded }: TracedView): TracedView {
  const settle = ([name, delay]: [string, number]): [string, number] => {
    const before = recorded[name] ?? Infinity
    return [name, Math.abs(before - delay) < clockGrain ? before : delay]
  }
  return { ...view, timers: Object.fromEntries(Object.entries(view.timers).map(settle)) }
}

function toSent(event: Exclude<TracedEvent, { type: 'timer' | 'token.verified' | 'token.failed' }>): AuthEvent {
  switch (event.type) {
    case 'token.received':
      return { type: event.type, token: new BearerToken(toTokenText(event)) }
    case 'session.adopted':
      return { type: event.type, record: { ...toVerified(event.session), user: null } as unknown as AdoptedSession }
    case 'user.loaded':
      return { type: event.type, user: createProfile({ id: event.userId, firstName: null, emailAddress: null }) }
    default:
      return event as AuthEvent
  }
}

const toTokenText = (event: TracedEvent) => `token ${'token' in event ? event.token : ''}`

/** Claims that contain only what the trace has kept of them. */
function toVerified({ orgRole, ...session }: TracedSession): VerifiedSession {
  const { userId: sub, sessionId: sid, issuedAt, expiresAt } = session
  const times = { iat: (issuedAt ?? 0) / 1_000, exp: (expiresAt ?? 0) / 1_000 }
  const claims = sub === null ? null : { sub, sid, ...times, ...(orgRole !== null && { org_role: orgRole }) }
  return { ...session, claims } as unknown as VerifiedSession
}

function requireRunnable({ version, isWhole, steps }: AuthTraceJson): void {
  if (version !== 1 || !Array.isArray(steps)) throw new TypeError('replayTrace: trace must be what recordTrace gave')
  if (!isWhole) throw new TypeError('replayTrace: trace must begin before anything has happened to its actor')
}
