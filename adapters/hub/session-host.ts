import { createActor, fromPromise } from 'xstate'
import type { InspectionEvent } from 'xstate'
import type { AuthInput } from '../../machines/auth-context.ts'
import type { AuthEmitted, AuthEvent } from '../../machines/auth-events.ts'
import { authMachine } from '../../machines/auth.machine.ts'
import { toAuthView } from '../../machines/auth-view.ts'
import type { AuthView } from '../../machines/auth-view.ts'
import type { BearerToken } from '../../machines/bearer-token.ts'
import type { VerifiedSession } from '../../machines/verified-session.ts'
import { unrefClock } from '../unref-clock.ts'

/** What a host tells: what the machine emits, and that its view may have changed. */
export type HostSignal = AuthEmitted | { readonly type: 'view.changed' }

/** All that the hub knows of the machine that holds one session, so that how it is held can change. */
export interface SessionHost {
  send(event: AuthEvent): void
  /** The view at `now`, epoch ms, with the full claims; `channel` and `rev` are the hub's business. */
  view(now: number): AuthView
  subscribe(listener: (signal: HostSignal) => void): () => void
  stop(): void
}

export interface SessionHostOptions {
  readonly verifyToken: (token: BearerToken, signal: AbortSignal) => Promise<VerifiedSession>
  readonly input: AuthInput
  /** Sees every inspection event of every actor. One that throws harms nobody. */
  readonly inspect?: (event: InspectionEvent) => void
  readonly onInspectorError?: (error: unknown) => void
}

/** → a function that starts one auth machine for one session, named in the inspector by the id given. */
export function createSessionHosts({
  verifyToken,
  input,
  ...options
}: SessionHostOptions): (id?: string) => SessionHost {
  const machine = authMachine.provide({
    actors: {
      verifyToken: fromPromise<VerifiedSession, { token: BearerToken }>(({ input: { token }, signal }) =>
        verifyToken(token, signal),
      ),
    },
  })
  const inspect = options.inspect && contain(options.inspect, options.onInspectorError)

  return (id) => {
    const actor = createActor(machine, { id, input, clock: unrefClock, inspect }).start()
    return {
      send: (event) => actor.send(event),
      view: (now) => toAuthView(actor.getSnapshot(), { now }),
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

function contain(inspect: (event: InspectionEvent) => void, onError: (error: unknown) => void = () => {}) {
  return (event: InspectionEvent) => {
    try {
      inspect(event)
    } catch (error) {
      onError(error)
    }
  }
}
