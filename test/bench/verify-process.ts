/** A process that verifies tokens, with nothing round it: ours, jose and by hand, on the same tokens. */
import { createTokenVerifier } from '../../adapters/jose/index.ts'
import type { ContenderOptions } from './contenders/contender.ts'
import { createVerifyWithJose } from './contenders/h3-actor.ts'
import { createVerifyByHand } from './contenders/verify-by-hand.ts'

const options = JSON.parse(process.argv[2] ?? '{}') as ContenderOptions
const byHand = createVerifyByHand(options)
const verify = createTokenVerifier({
  keys: { jwks: options.jwks },
  claims: { issuer: options.issuer, authorizedParties: [options.party] },
})
const verifiers = {
  authchart: verify,
  jose: createVerifyWithJose(options),
  limit: async (token: string) => byHand(token),
}
export type VerifierName = keyof typeof verifiers
export interface VerifyCommand {
  readonly name: VerifierName
  readonly tokens: readonly string[]
  /** How often each is verified. */
  readonly times: number
}

process.on('message', ({ name, tokens, times }: VerifyCommand) => {
  void run(verifiers[name], tokens, times).then((micros) => process.send?.(micros))
})
process.on('disconnect', () => process.exit(0))

/** Some at a time, as in a busy server: one by one, jose would wait for its threads and not for its work. */
const inTheAir = 16

/** → µs for one. */
async function run(verify: (token: string) => Promise<unknown>, tokens: readonly string[], times: number) {
  globalThis.gc?.()
  const start = performance.now()
  for (let time = 0; time < times; time += 1) {
    for (let n = 0; n < tokens.length; n += inTheAir) {
      await Promise.all(tokens.slice(n, n + inTheAir).map((token) => verify(token)))
    }
  }
  return ((performance.now() - start) * 1_000) / (tokens.length * times)
}
