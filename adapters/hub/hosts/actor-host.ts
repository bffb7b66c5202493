import { createActor, fromPromise } from 'xstate'
import type { InspectionEvent } from 'xstate'
import { authMachine } from '../../../machines/auth.machine.ts'
import { toAuthView } from '../../../machines/auth-view.ts'
import type { BearerToken } from '../../../machines/bearer-token.ts'
import type { VerifiedSession } from '../../../machines/verified-session.ts'
import { unrefClock } from '../../timing/unref-clock.ts'
import type { SessionHostOptions, StartHost } from './session-host.ts'

export interface ActorHostOptions extends SessionHostOptions {
  /** Receives every inspection event of every actor. An error that it throws is contained. */
  readonly inspect: ((event: InspectionEvent) => void) | undefined
}

/** @returns a function that starts an actor for one session, which the inspector shows under its channel */
export function createActorHosts(options: ActorHostOptions): StartHost {
  const { verifyToken, input, inspect, onError } = options
  const machine = authMachine.provide({
    actors: {
      verifyToken: fromPromise<VerifiedSession, { token: BearerToken }>(({ input: { token }, signal }) =>
        verifyToken(token, { signal }),
      ),
    },
  })
  const containedInspect =
    inspect &&
    ((event: InspectionEvent) => {
      try {
        inspect(event)
      } catch (error) {
        onError('inspector.failed', error)
      }
    })

  return (id, owner) => {
    const actor = createActor(machine, { id, input, clock: unrefClock, inspect: containedInspect }).start()
    actor.on('*', (event) => owner.receive(event))
    actor.subscribe(() => owner.receive({ type: 'view.changed' }))
    return {
      send: (event) => actor.send(event),
      view: (options) => toAuthView(actor.getSnapshot(), options),
      stop: () => actor.stop(),
    }
  }
}
