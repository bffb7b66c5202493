import { createActor, fromPromise, SimulatedClock, type ActorRefFrom, type InspectionEvent } from 'xstate'
import {
  authMachine,
  toAuthView,
  type AuthEmitted,
  type AuthEvent,
  type AuthInput,
  type AuthMachine,
  type BearerToken,
  type VerifiedSession,
} from '../../../machines/index.ts'
import { virtualEpoch } from '../auth-fixtures.ts'
import { modelRandom, modelTombstone } from '../auth-model.ts'
import type { ConformanceDriver, ConformancePlan, ConformanceRun } from './conformance-driver.ts'
import type { ConformanceStep, TokenVerdict } from './conformance-step.ts'

/** The parts that an app needs to start the machine under test. */
export interface EmbeddingParts {
  /** The machine, whose `verifyToken` the driver controls. */
  readonly machine: AuthMachine
  /** The input for the machine. */
  readonly input: AuthInput
  /** The clock for the actor at the root of the app's system. */
  readonly clock: SimulatedClock
  /** The inspector for the actor at the root. */
  readonly inspect: (event: InspectionEvent) => void
}

/** An app in which the machine runs. */
export interface EmbeddedAuth {
  /** The machine's actor. The driver reads this property at every step. */
  readonly actor: ActorRefFrom<AuthMachine>
  /** Sends an event to the machine. Default: directly to the actor. */
  readonly send?: (event: AuthEvent) => void
  /** Stops the app. */
  readonly stop: () => void
}

/** Options of {@link createActorDriver}. */
export interface ActorDriverOptions {
  /** The name in the report. Default: `actor`. */
  readonly name?: string
  /** The machine. Default: `authMachine`. */
  readonly machine?: AuthMachine
  /** Starts the machine within an app of your own. Default: starts it alone. */
  readonly embed?: (parts: EmbeddingParts) => EmbeddedAuth
}

/**
 * Drives an actor of the auth machine under a simulated clock, alone or at its place in your app. It can make every
 * step, and sees everything that the machine does.
 */
export function createActorDriver(options: ActorDriverOptions = {}): ConformanceDriver {
  const { name = 'actor', machine = authMachine, embed = startAlone } = options
  return { name, start: (plan) => startRun(plan, machine, embed) }
}

function startAlone({ machine, input, clock, inspect }: EmbeddingParts): EmbeddedAuth {
  const actor = createActor(machine, { input, clock, inspect }).start()
  return { actor, stop: () => actor.stop() }
}

function startRun(
  { input, inspect }: ConformancePlan,
  machine: AuthMachine,
  embed: (parts: EmbeddingParts) => EmbeddedAuth,
): ConformanceRun {
  const clock = new SimulatedClock()
  let skew = 0
  let settle: ((verdict: TokenVerdict) => void) | undefined
  let emitted: AuthEmitted[] = []
  const failures: unknown[] = []

  const verifyToken = fromPromise<VerifiedSession, { token: BearerToken }>(
    () =>
      new Promise((resolve, reject) => {
        settle = ({ session, error }) => (session ? resolve(session) : reject(error))
      }),
  )
  const app = embed({
    machine: machine.provide({ actors: { verifyToken } }),
    input: {
      random: () => modelRandom,
      tombstone: modelTombstone,
      ...input,
      now: () => virtualEpoch + clock.now() + skew,
    },
    clock,
    inspect,
  })
  app.actor.on('*', (event) => void emitted.push(event))
  app.actor.subscribe({ error: (error) => void failures.push(error) })
  const send = app.send ?? ((event) => app.actor.send(event))

  return {
    async perform(step) {
      if (step.kind === 'time') {
        skew += step.clockJump
        clock.increment(step.ms)
      } else if (step.kind === 'verdict') settle?.(step.verdict)
      else send(toAuthEvent(step))
      // A promise actor tells its parent two microtasks after its promise.
      for (let turn = 0; turn < 3; turn += 1) await Promise.resolve()
      if (failures.length > 0) throw failures[0]
    },
    view: () => toAuthView(app.actor.getSnapshot()),
    snapshot: () => app.actor.getSnapshot(),
    emitted() {
      const since = emitted
      emitted = []
      return since
    },
    stop: app.stop,
  }
}

function toAuthEvent(step: Exclude<ConformanceStep, { kind: 'time' | 'verdict' }>): AuthEvent {
  switch (step.kind) {
    case 'token':
      return { type: 'token.received', token: step.token, id: step.id }
    case 'clear':
      return { type: 'session.cleared', ...(step.sessionId !== undefined && { sessionId: step.sessionId }) }
    case 'revoke': {
      const { sessionId, userId } = step
      return {
        type: 'session.revoked',
        ...(sessionId !== undefined && { sessionId }),
        ...(userId !== undefined && { userId }),
      }
    }
    case 'adopt':
      return { type: 'session.adopted', record: step.record }
    case 'keys':
      return { type: 'keys.refreshed' }
    default:
      return step.user ? { type: 'user.loaded', user: step.user } : { type: 'user.failed', userId: step.userId }
  }
}
