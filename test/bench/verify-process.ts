/** A process that verifies tokens, with nothing round it: ours, jose and by hand, on the same tokens. */
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
  /** Verifies new tokens with each; the answer is µs for one, by name. */
  | { readonly type: 'cold'; readonly tokens: readonly string[] }
  /** Verifies tokens of the last command again and again; the answer is µs for one. */
  | { readonly type: 'seen'; readonly tokens: readonly string[]; readonly passes: number }

process.on('message', (command: VerifyCommand) => {
  globalThis.gc?.()
  const answer = command.type === 'cold' ? compare(command.tokens) : repeat(command.tokens, command.passes)
  void answer.then((answer) => process.send?.(answer))
})
process.on('disconnect', () => process.exit(0))

/** Tokens that one verifier has to itself before it is the next one's turn: less than it takes a machine to change its pace. */
const sliceSize = 32
/** Some at a time, as in a busy server: one by one, jose would wait for its threads and not for its work. */
const inTheAir = 16

/** Each slice by each, every one of them first, second and last as often as the others; of the slices the median. */
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

/** @returns µs for one verification */
async function time(verify: (token: string) => Promise<unknown>, tokens: readonly string[]): Promise<number> {
  const start = performance.now()
  for (let n = 0; n < tokens.length; n += inTheAir) {
    await Promise.all(tokens.slice(n, n + inTheAir).map((token) => verify(token)))
  }
  return ((performance.now() - start) * 1_000) / tokens.length
}
