import type { AnyEventObject } from 'xstate'
import type { ProvenIdentity } from '../auth-context.ts'
import { isAuthErrorCode, toAuthError, type AuthErrorCode } from '../auth-error.ts'
import type { AdoptedSession, AuthEvent } from '../auth-events.ts'
import { toAuthView } from '../auth-view.ts'
import type { AuthSnapshot } from '../auth.machine.ts'
import type { BearerToken } from '../bearer-token.ts'
import { toOrgRole, type VerifiedSession } from '../verified-session.ts'
import { isUntouched, watchHistory, watchSteps, type AuthActor } from './actor-history.ts'
import type { AuthTraceJson, TracedEvent, TracedSession, TracedView, TraceStep } from './auth-trace-json.ts'

/** A recording that is under way. */
export interface AuthTrace {
  /**
   * Returns the recording so far as plain data, without any token. `replayTrace` of `authchart/testing` runs it again.
   */
  toJSON(): AuthTraceJson
  /** Stops recording and keeps the steps that are recorded. */
  stop(): void
}

/** Options of {@link recordTrace}. */
export interface RecordTraceOptions {
  /** Number of steps to keep; later ones are dropped. Default 1000. */
  readonly limit?: number
  /**
   * Milliseconds by the clock of the actor's timers, from any origin, such as `performance.now` for real timers. The
   * default is the machine's own clock; if that is set during a recording, a replay may run differently.
   */
  readonly elapsed?: () => number
}

/**
 * Records the events of an actor from now on. Call it before `actor.start()` if possible. `explain(actor)` then also
 * knows the history from here on.
 *
 * @throws AuthError `internal` for an actor that was restored from a snapshot in JSON
 * @example
 * const trace = recordTrace(actor)
 * // … later, when something odd was seen:
 * writeFileSync('odd.json', JSON.stringify(trace))
 */
export function recordTrace(actor: AuthActor, { limit = 1_000, elapsed }: RecordTraceOptions = {}): AuthTrace {
  watchHistory(actor)
  const { now, tombstone, random: _, ...settings } = actor.getSnapshot().context.settings
  const isWhole = isUntouched(actor.getSnapshot())
  const steps: TraceStep[] = []
  const tokens = new Map<BearerToken, number>()
  let before = actor.getSnapshot()
  let startedAt = now()
  let origin = (elapsed ?? now)()
  let isComplete = true

  const numberOf = (token: BearerToken | undefined) => {
    if (!token) return 0
    if (!tokens.has(token)) tokens.set(token, tokens.size + 1)
    return tokens.get(token)!
  }

  function toStep(event: TracedEvent, snapshot: AuthSnapshot): TraceStep {
    const at = (elapsed ?? now)() - origin
    const clock = now() - startedAt
    const { retryAt } = snapshot.context
    const tombstoned = 'session' in event ? toEndCode(event.session, tombstone) : null
    const ended = toEndCode(snapshot.context, tombstone)
    return {
      at,
      ...(clock !== at && { clock }),
      event,
      ...(tombstoned && { tombstone: tombstoned }),
      ...(ended && { ended }),
      ...(retryAt !== before.context.retryAt && { retryAt: retryAt - startedAt }),
      view: toTracedView(actor),
    }
  }

  const stop = watchSteps(actor, (event, snapshot) => {
    if (event.type === 'xstate.init') {
      startedAt = now()
      origin = (elapsed ?? now)()
      return
    }
    const traced = toTracedEvent(event, numberOf, before)
    if (traced && steps.length < limit) steps.push(toStep(traced, snapshot))
    else if (traced) isComplete = false
    before = snapshot
  })

  return {
    toJSON: () => ({ version: 1, startedAt, settings, isWhole, isComplete, steps: [...steps] }),
    stop,
  }
}

/**
 * Returns the known fields of an event, and nothing else of it. Returns null for an event that the machine does not
 * use.
 */
function toTracedEvent(
  event: AnyEventObject,
  numberOf: (token: BearerToken | undefined) => number,
  before: AuthSnapshot,
): TracedEvent | null {
  const { type } = event
  const checked = before.context.queue[0]?.token
  if (type.startsWith(afterPrefix) || type === 'session.expired') return { type: 'timer', name: toTimerName(type) }
  if (type.startsWith('xstate.done.actor.')) {
    const session = toTracedSession(event['output'] as VerifiedSession)
    return { type: 'token.verified', token: numberOf(checked), session }
  }
  if (type.startsWith('xstate.error.actor.')) {
    const { code, retryAfter } = toAuthError(event['error'])
    return { type: 'token.failed', token: numberOf(checked), code, ...(retryAfter !== undefined && { retryAfter }) }
  }
  const sent = event as AuthEvent
  switch (sent.type) {
    case 'token.received':
      return { type: sent.type, token: numberOf(sent.token) }
    case 'session.cleared':
    case 'session.revoked': {
      const { sessionId } = sent
      const { userId, code } = sent.type === 'session.revoked' ? sent : {}
      return {
        type: sent.type,
        ...(sessionId !== undefined && { sessionId }),
        ...(userId !== undefined && { userId }),
        ...(code !== undefined && { code }),
      }
    }
    case 'session.adopted':
      return { type: sent.type, session: toTracedSession(sent.record) }
    case 'keys.refreshed':
      return { type: sent.type }
    case 'user.loaded':
      return { type: sent.type, userId: sent.user.id }
    case 'user.failed':
      return { type: sent.type, userId: sent.userId }
    default:
      // The compiler reports an event of the machine that is missing above.
      sent satisfies never
      return null
  }
}

function toTracedSession(session: VerifiedSession | AdoptedSession): TracedSession {
  const { status, userId, sessionId, orgId, issuedAt, expiresAt, claims } = session
  return { status, userId, sessionId, orgId, orgRole: toOrgRole(claims), issuedAt, expiresAt }
}

function toEndCode(
  { userId, sessionId, issuedAt }: { [Key in keyof ProvenIdentity]: ProvenIdentity[Key] | null },
  tombstone: (session: ProvenIdentity) => AuthErrorCode | null,
): AuthErrorCode | null {
  if (userId === null || sessionId === null || issuedAt === null) return null
  const code = tombstone({ userId, sessionId, issuedAt })
  return isAuthErrorCode(code) ? code : null
}

/** Returns the current state of an actor as a trace keeps it. */
export function toTracedView(actor: AuthActor): TracedView {
  const snapshot = actor.getSnapshot()
  const view = toAuthView(snapshot)
  const { authChecked, timedOut, isSignedIn, userId, sessionId, orgId, orgRole, expiresAt } = view
  return {
    state: toStateText(snapshot.value),
    authChecked,
    timedOut,
    isSignedIn,
    userId,
    sessionId,
    orgId,
    orgRole,
    expiresAt,
    error: view.error?.code ?? null,
    timers: Object.fromEntries(toArmedTimers(actor)),
  }
}

/** Returns the armed timers of an actor and their delays, in the order in which they were armed. */
export function toArmedTimers(actor: AuthActor): [name: string, delay: number][] {
  return Object.values(actor.system.getSnapshot()._scheduledEvents)
    .filter(({ source }) => source === actor)
    .map(({ event, delay }) => [toTimerName(event.type), delay])
}

const afterPrefix = 'xstate.after.'

function toTimerName(type: string): string {
  return type.startsWith(afterPrefix) ? type.slice(afterPrefix.length) : type
}

/** Returns a state value as a text such as `signedIn.renewing`. */
function toStateText(value: AuthSnapshot['value']): string {
  return typeof value === 'string' ? value : Object.entries(value).flat().join('.')
}
