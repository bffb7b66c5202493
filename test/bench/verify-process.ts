/** A process that only verifies tokens, with our verifier, with jose and by hand, on the same tokens. */
import { createTokenVerifier } from '../../adapters/jose/index.ts'
import type { ContenderOptions } from './contenders/contender.ts'
import { createVerifyWithJose } from './contenders/h3-actor.ts'
import { createVerifyByHand } from './contenders/verify-by-hand.ts'
import { median } from './statistics.ts'

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
const names = Object.keys(verifiers) as VerifierName[]
export type VerifierName = keyof typeof verifiers

export type VerifyCommand =
  /** Verifies new tokens with each verifier. The answer is the µs for one token, by name. */
  | { readonly type: 'cold'; readonly tokens: readonly string[] }
  /** Verifies the tokens of the last command again and again. The answer is the µs for one token. */
  | { readonly type: 'seen'; readonly tokens: readonly string[]; readonly passes: number }

process.on('message', (command: VerifyCommand) => {
  globalThis.gc?.()
  const answer = command.type === 'cold' ? compare(command.tokens) : repeat(command.tokens, command.passes)
  void answer.then((answer) => process.send?.(answer))
})
process.on('disconnect', () => process.exit(0))

/**
 * The number of tokens that a verifier checks before the next verifier's turn. A slice is shorter than the changes in
 * the speed of the machine.
 */
const sliceSize = 32
/** Some checks run at the same time, as in a busy server. One by one, jose would only wait for its threads. */
const inTheAir = 16

/**
 * Measures each slice with each verifier. Every verifier is first, second and last equally often. The result is the
 * median of the slices.
 */
async function compare(tokens: readonly string[]): Promise<Record<VerifierName, number>> {
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<VerifierName, number[]>
  for (let n = 0; n < tokens.length; n += sliceSize) {
    const first = (n / sliceSize) % names.length
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      times[name].push(await time(verifiers[name], tokens.slice(n, n + sliceSize)))
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times[name])])) as Record<VerifierName, number>
}

async function repeat(tokens: readonly string[], passes: number): Promise<number> {
  const times: number[] = []
  for (let pass = 0; pass < passes; pass += 1) times.push(await time(verify, tokens))
  return median(times)
}

/**
 * Measures one verifier.
 *
 * @returns the µs for one verification
 */
async function time(verify: (token: string) => Promise<unknown>, tokens: readonly string[]): Promise<number> {
  const start = performance.now()
  for (let n = 0; n < tokens.length; n += inTheAir) {
    await Promise.all(tokens.slice(n, n + inTheAir).map((token) => verify(token)))
  }
  return ((performance.now() - start) * 1_000) / tokens.length
}
