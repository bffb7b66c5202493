import { authMachine, BearerToken, type VerifiedSession } from 'authchart'
import { createActor, fromPromise, type ActorOptions } from 'xstate'
import { appMachine } from './app.machine.ts'

/** Checks a token. `createTokenVerifier` of `authchart/jose` creates such a function. */
type Verify = (token: BearerToken, options: { signal: AbortSignal }) => Promise<VerifiedSession>

export function startApp(verify: Verify, askForToken: () => void, options?: ActorOptions<typeof appMachine>) {
  const verifyToken = fromPromise<VerifiedSession, { token: BearerToken }>(({ input, signal }) =>
    verify(input.token, { signal }),
  )
  const auth = authMachine.provide({ actors: { verifyToken } })
  const app = createActor(appMachine.provide({ actors: { auth } }), options)
  app.on('token.wanted', askForToken)
  app.start()
  return {
    app,
    signIn: (token: string) =>
      app.getSnapshot().context.auth.send({ type: 'token.received', token: new BearerToken(token) }),
    signOut: () => app.getSnapshot().context.auth.send({ type: 'session.cleared' }),
  }
}
