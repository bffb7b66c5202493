import { createActor, fromCallback, SimulatedClock } from 'xstate'
import { createSyncActors } from '../../adapters/browser/sync-actors.ts'
import type { Transport } from '../../adapters/browser/transport.ts'
import { toAuthConnection, toAuthStatus, toAuthStatusFacts } from '../../machines/sync/auth-status.ts'
import type { SyncInput } from '../../machines/sync/sync-context.ts'
import type { SyncError } from '../../machines/sync/sync-error.ts'
import type { ClerkIdentity, OpenStreamInput, SyncEvent } from '../../machines/sync/sync-events.ts'
import { syncMachine } from '../../machines/sync/sync.machine.ts'
import { createModelClerk } from './model-clerk.ts'
import { createModelServer } from './model-server.ts'

const epoch = Date.UTC(2031, 4, 6, 7, 8, 9)

export const ada: ClerkIdentity = { userId: 'user_ada', sessionId: 'sess_1', orgId: null, orgRole: null }
export const bob: ClerkIdentity = { userId: 'user_bob', sessionId: 'sess_2', orgId: null, orgRole: null }

/** Lets everything run that waits only for promises. */
export const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Creates one browser and its server in virtual time. */
export function createWorld() {
  const clock = new SimulatedClock()
  let slept = 0
  const now = () => epoch + slept + clock.now()
  const server = createModelServer(clock, now)

  function openTab(tab = 'tab', input: Partial<SyncInput> = {}) {
    const clerk = createModelClerk(now)
    const transport: Transport = {
      readStream: ({ tab, channel }, send, signal) =>
        new Promise((_, fail) => {
          const listener = { send, fail }
          signal.addEventListener('abort', () => server.disconnect(listener))
          server.connect(tab, channel, listener)
        }),
      fetchView: ({ channel }, signal) => server.answerView(channel, signal),
      post: (event, signal) => server.post(event, signal),
    }
    const errors: SyncError[] = []
    const actors = createSyncActors({
      transport,
      getToken: (wish) => clerk.getToken(wish?.skipCache ?? false),
      setTimer: (run, delay) => clock.setTimeout(run, delay),
      onError: (error) => errors.push(error),
    })
    const read = actors.openStream.config as Parameters<typeof fromCallback<SyncEvent, OpenStreamInput>>[0]
    const openStream = fromCallback<SyncEvent, OpenStreamInput>((args) => {
      if (server.isCrashing) throw new Error('boom')
      return read(args)
    })
    let watch: ((transition: object) => void) | undefined
    const actor = createActor(syncMachine.provide({ actors: { ...actors, openStream } }), {
      clock,
      input: { tab, now, random: () => 0.5, ...input },
      inspect: (event) => {
        if (event.type === '@xstate.microstep') event._transitions.forEach((transition) => watch?.(transition))
      },
    }).start()
    return {
      actor,
      clerk,
      errors,
      /** Calls the listener for every transition that the machine takes from now on. */
      onTransition(listener: (transition: object) => void) {
        watch = listener
      },
      get context() {
        return actor.getSnapshot().context
      },
      /** The state of the machine, for example `open | posting`. */
      get state() {
        const { stream, session } = actor.getSnapshot().value
        return `${stream} | ${typeof session === 'string' ? session : Object.entries(session).join().replace(',', '.')}`
      },
      /** Sets Clerk's state in this tab. Undefined means that Clerk is loading. */
      clerkSays(identity: ClerkIdentity | null | undefined) {
        if (identity !== undefined) clerk.identity = identity
        actor.send({ type: 'clerk.changed', isLoaded: identity !== undefined, identity: identity ?? null })
      },
      focus: () => actor.send({ type: 'focus.gained' }),
      blur: () => actor.send({ type: 'focus.lost' }),
      send: (event: SyncEvent) => actor.send(event),
      /** Starts the client with Clerk loaded. */
      async start(identity?: ClerkIdentity | null) {
        actor.send({ type: 'client.started' })
        this.clerkSays(identity)
        await settle()
        return this
      },
    }
  }

  return {
    clock,
    now,
    server,
    openTab,
    /** Puts the machine to sleep: the system clock moves on, and timers do not. */
    sleep(ms: number) {
      slept += ms
    },
    /** Moves time on in small steps. Between them everything runs that waits for promises. */
    async pass(ms: number, step = 50) {
      for (let left = ms; left > 0; left -= step) {
        clock.increment(Math.min(step, left))
        await settle()
      }
    },
  }
}
export type World = ReturnType<typeof createWorld>
export type Tab = ReturnType<World['openTab']>

/** Returns the status that a page of the tab should show. */
export const statusOf = (tab: Tab) => toAuthStatus(toAuthStatusFacts(tab.actor.getSnapshot()))
export const connectionOf = (tab: Tab) => toAuthConnection(tab.actor.getSnapshot())
