import { authMachine, type AuthEvent, type AuthInput, type AuthSnapshot } from 'authchart'
import { createActorDriver, type ConformanceDriver } from 'authchart/testing'
import { assign, createActor, sendTo, setup } from 'xstate'

/**
 * An app with a machine of its own that contains the auth machine. The app shows a page that depends on who is signed
 * in.
 */
export const appMachine = setup({
  types: {
    context: {} as { readonly auth: AuthInput; readonly visits: number },
    input: {} as { readonly auth: AuthInput },
    events: {} as { type: 'auth.told'; event: AuthEvent } | { type: 'auth.moved'; snapshot: AuthSnapshot },
  },
  actors: { auth: authMachine },
  guards: {
    isSignedIn: (_, snapshot: AuthSnapshot) => snapshot.hasTag('signedIn'),
    isPending: (_, snapshot: AuthSnapshot) => !snapshot.hasTag('checked'),
  },
  actions: {
    countVisit: assign({ visits: ({ context }) => context.visits + 1 }),
    tellAuth: sendTo('auth', (_, event: AuthEvent) => event),
  },
}).createMachine({
  id: 'app',
  context: ({ input }) => ({ auth: input.auth, visits: 0 }),
  invoke: {
    id: 'auth',
    src: 'auth',
    input: ({ context }) => context.auth,
    onSnapshot: [
      { guard: { type: 'isSignedIn', params: ({ event }) => event.snapshot }, target: '.dashboard' },
      { guard: { type: 'isPending', params: ({ event }) => event.snapshot }, target: '.loading' },
      { target: '.lobby' },
    ],
  },
  on: { 'auth.told': { actions: { type: 'tellAuth', params: ({ event }) => event.event } } },
  initial: 'loading',
  states: {
    loading: { description: 'Nobody knows yet.' },
    lobby: { description: 'No user is signed in.' },
    dashboard: { description: 'Somebody is.', entry: 'countVisit' },
  },
})

/** Drives the app through its own events, and checks that its page follows. */
export function createAppDriver(): ConformanceDriver {
  let shown: () => unknown = () => null
  const driver = createActorDriver({
    name: 'embedded app',
    embed({ machine, input, clock, inspect }) {
      const app = createActor(appMachine.provide({ actors: { auth: machine } }), {
        input: { auth: input },
        clock,
        inspect,
      }).start()
      shown = () => app.getSnapshot().value
      return {
        get actor() {
          const child = app.getSnapshot().children.auth
          if (!child) throw new Error('the app has lost its auth')
          return child
        },
        send: (event) => app.send({ type: 'auth.told', event }),
        stop: () => app.stop(),
      }
    },
  })
  return {
    ...driver,
    async start(plan) {
      const run = await driver.start(plan)
      return {
        ...run,
        async perform(step) {
          await run.perform(step)
          const snapshot = run.snapshot?.()
          const due = snapshot?.hasTag('signedIn') ? 'dashboard' : snapshot?.hasTag('checked') ? 'lobby' : 'loading'
          if (shown() !== due) throw new Error(`the app shows ${String(shown())} where ${due} is due`)
        },
      }
    },
  }
}
