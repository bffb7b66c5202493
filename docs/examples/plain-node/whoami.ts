/**
 * Reads session tokens from standard input, one on each line, and prints the state of the session after each. An
 * empty line signs out.
 *
 * JWKS_URL=https://clerk.example.com/.well-known/jwks.json node whoami.ts
 */
import { createInterface } from 'node:readline'
import { authMachine, BearerToken, explain, toAuthView, type VerifiedSession } from 'authchart'
import { createTokenVerifier } from 'authchart/jose'
import { createActor, fromPromise } from 'xstate'

const verify = createTokenVerifier({ keys: { jwksUrl: process.env['JWKS_URL'] ?? '' } })
const verifyToken = fromPromise<VerifiedSession, { token: BearerToken }>(({ input, signal }) =>
  verify(input.token, { signal }),
)
const actor = createActor(authMachine.provide({ actors: { verifyToken } })).start()
explain(actor)

let count = 0

/** Has one token checked. Resolves with the verdict on this token, even if others are being checked. */
function check(text: string): Promise<void> {
  const id = `line ${(count += 1)}`
  return new Promise((resolve) => {
    const subscription = actor.on('token.settled', (settled) => {
      if (settled.id !== id) return
      subscription.unsubscribe()
      resolve()
    })
    actor.send({ type: 'token.received', token: new BearerToken(text), id })
  })
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line === '') actor.send({ type: 'session.cleared' })
  else await check(line)
  const { state, userId, error } = toAuthView(actor.getSnapshot())
  console.log([state, userId, error?.code].filter(Boolean).join(' '))
}
console.log(explain(actor).summary)
actor.stop()
verify.keys.close()
