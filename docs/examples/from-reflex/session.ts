import { authMachine, BearerToken, whenChecked, type VerifiedSession } from 'authchart'
import type { TokenVerifier } from 'authchart/jose'
import { createActor, fromPromise } from 'xstate'

/** Runs the machine alone, for a transport of your own. */
export function createSession(verify: TokenVerifier) {
  const verifyToken = fromPromise<VerifiedSession, { token: BearerToken }>(({ input, signal }) =>
    verify(input.token, { signal }),
  )
  const actor = createActor(authMachine.provide({ actors: { verifyToken } })).start()
  return {
    setToken: (text: string) => actor.send({ type: 'token.received', token: new BearerToken(text) }),
    clear: () => actor.send({ type: 'session.cleared' }),
    checked: () => whenChecked(actor, { timeout: 1_000 }),
    stop: () => actor.stop(),
  }
}
