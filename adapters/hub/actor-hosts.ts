import { createActor, fromPromise } from 'xstate'
import type { InspectionEvent } from 'xstate'
import { authMachine } from '../../machines/auth.machine.ts'
import { toAuthView } from '../../machines/auth-view.ts'
import type { BearerToken } from '../../machines/bearer-token.ts'
import type { VerifiedSession } from '../../machines/verified-session.ts'
import { unrefClock } from '../unref-clock.ts'
import type { SessionHost, SessionHostOptions } from './session-host.ts'

export interface ActorHostOptions extends SessionHostOptions {
  /** Sees every inspection event of every actor. One that throws harms nobody. */
  readonly inspect: (event: InspectionEvent) => void
}

/** → a function that starts an actor for one session, named in the inspector by the id given. */
export function createActorHosts(options: ActorHostOptions): (id: string) => SessionHost {
  const { verifyToken, input, inspect, onError } = options
  const machine = authMachine.provide({
    actors: {
      verifyToken: fromPromise<VerifiedSession, { token: BearerToken }>(({ input: { token }, signal }) =>
        verifyToken(token, signal),
      ),
    },
  })
  const containedInspect = (event: InspectionEvent) => {
    try {
      inspect(event)
    } catch (error) {
      onError('inspector.failed', error)
    }
  }

  return (id) => {
    const actor = createActor(machine, { id, input, clock: unrefClock, inspect: containedInspect }).start()
    return {
      send: (event) => actor.send(event),
      view: (options) => toAuthView(actor.getSnapshot(), options),
      subscribe(listener) {
        const emissions = actor.on('*', listener)
        const changes = actor.subscribe(() => listener({ type: 'view.changed' }))
        return () => {
          emissions.unsubscribe()
          changes.unsubscribe()
        }
      },
      stop: () => actor.stop(),
    }
  }
}
