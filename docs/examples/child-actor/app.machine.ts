import { authMachine, onAuthChange, type AuthView } from 'authchart'
import { assign, emit, setup, type ActorRefFrom } from 'xstate'

/**
 * An editor that opens only for signed-in users. The auth machine runs inside it. Provide `verifyToken` to `auth`.
 */
export const appMachine = setup({
  types: {
    context: {} as { auth: ActorRefFrom<typeof authMachine>; draft: string; refusals: number },
    events: {} as
      | { type: 'draft.changed'; text: string }
      | { type: 'auth.changed'; view: AuthView }
      | { type: 'renewal.wanted' }
      | { type: 'token.refused'; code: string },
    emitted: {} as { type: 'token.wanted' },
  },
  actors: { auth: authMachine },
  guards: { isSignedIn: (_, view: AuthView) => view.isSignedIn },
  actions: {
    /** Turns a change of identity and two of the auth machine's emitted events into events of this machine. */
    listen: ({ context: { auth }, self }) => {
      onAuthChange(auth, ({ view }) => self.send({ type: 'auth.changed', view }))
      auth.on('token.needed', () => self.send({ type: 'renewal.wanted' }))
      auth.on('token.settled', ({ error }) => {
        if (error) self.send({ type: 'token.refused', code: error.code })
      })
    },
    keepDraft: assign({ draft: (_, text: string) => text }),
    dropDraft: assign({ draft: '' }),
    askForToken: emit({ type: 'token.wanted' }),
    countRefusal: assign({ refusals: ({ context }) => context.refusals + 1 }),
  },
}).createMachine({
  id: 'app',
  context: ({ spawn }) => ({ auth: spawn('auth', { id: 'auth' }), draft: '', refusals: 0 }),
  entry: 'listen',
  initial: 'closed',
  on: {
    'token.refused': { actions: 'countRefusal' },
    'renewal.wanted': { actions: 'askForToken' },
  },
  states: {
    closed: {
      on: { 'auth.changed': { guard: { type: 'isSignedIn', params: ({ event }) => event.view }, target: 'open' } },
    },
    open: {
      exit: 'dropDraft',
      on: {
        'draft.changed': { actions: { type: 'keepDraft', params: ({ event }) => event.text } },
        'auth.changed': [
          { guard: { type: 'isSignedIn', params: ({ event }) => event.view }, target: 'open', reenter: true },
          { target: 'closed' },
        ],
      },
    },
  },
})
