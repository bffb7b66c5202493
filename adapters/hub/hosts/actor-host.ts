import { createActor, fromPromise, type InspectionEvent } from 'xstate'
import { projectView } from '../../../machines/auth-view.ts'
import { authMachine } from '../../../machines/auth.machine.ts'
import type { BearerToken } from '../../../machines/bearer-token.ts'
import { contain } from '../../../machines/contain.ts'
import type { VerifiedSession } from '../../../machines/verified-session.ts'
import { unrefClock } from '../../timing/unref-clock.ts'
import type { HostCheck, SessionHostOptions, StartHost } from './session-host.ts'

export interface ActorHostOptions extends SessionHostOptions {
  /** Receives every inspection event of every actor. An error that it throws is contained. */
  readonly inspect: ((event: InspectionEvent) => void) | undefined
}

/** @returns a function that starts an actor for one session, which the inspector shows under its channel */
export function createActorHosts(options: ActorHostOptions): StartHost {
  const { verifyToken, input, inspect, onError } = options
  const machine = authMachine.provide({
    actors: {
      verifyToken: fromPromise<VerifiedSession, { token: BearerToken }>(async ({ input: { token }, signal }) =>
        verifyToken(token, toHostCheck(signal)),
      ),
    },
  })
  const report = (error: unknown) => onError('inspector.failed', error)
  const containedInspect = inspect && ((event: InspectionEvent) => contain(() => inspect(event), report))

  return (id, owner) => {
    const actor = createActor(machine, { id, input, clock: unrefClock, inspect: containedInspect }).start()
    actor.on('*', (event) => owner.receive(event))
    actor.subscribe(() => owner.receive({ type: 'view.changed' }))
    return {
      send: (event) => actor.send(event),
      view(options) {
        const snapshot = actor.getSnapshot()
        return projectView(snapshot, snapshot.context, options)
      },
      stop: () => actor.stop(),
    }
  }
}

const toHostCheck = (signal: AbortSignal): HostCheck => ({
  signal,
  get isAborted() {
    return signal.aborted
  },
})
