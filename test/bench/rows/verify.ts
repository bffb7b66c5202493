/** Measures the check of one token alone, for a new token and for one seen before. */
import { toSpeedRow, toValueRow, type BenchRow } from '../bench-row.ts'
import type { Bench } from '../bench.ts'
import { nextMessage, startProcess } from '../start-process.ts'
import { profiling } from '../start-server.ts'
import type { TokenMint } from '../tokens.ts'
import type { VerifierName, VerifyCommand } from '../verify-process.ts'

const rounds = 15
const warmUps = 5
/** A whole number of slices for each order of the verifiers. */
const tokenCount = 32 * 24
const passes = 60

export const verify: Bench = {
  rows: ['verify-cold/jose', 'verify-cold/limit', 'verify-seen/us'],
  async run({ mint, wanted }) {
    const profile = profiling.directory && `${profiling.directory}/verify`
    const child = await startProcess('verify-process', 'server', { args: [JSON.stringify(mint.options)], profile })
    const ask = <Answer>(command: VerifyCommand) => {
      const answer = nextMessage<Answer>(child)
      child.send(command)
      return answer
    }
    const cold: Record<VerifierName, number[]> = { authchart: [], jose: [], limit: [] }
    const seen: number[] = []
    for (let round = -warmUps; round < rounds; round += 1) {
      const tokens = await mintBatch(mint, round + warmUps)
      const times = await ask<Record<VerifierName, number>>({ type: 'cold', tokens })
      const again = wanted.has('verify-seen/us') ? await ask<number>({ type: 'seen', tokens, passes }) : NaN
      if (round < 0) continue
      for (const name of ['authchart', 'jose', 'limit'] as const) cold[name].push(times[name])
      seen.push(again)
    }
    child.disconnect()
    const rows: BenchRow[] = [
      toSpeedRow('verify-cold/jose', cold.authchart, cold.jose),
      toSpeedRow('verify-cold/limit', cold.authchart, cold.limit),
      toValueRow('verify-seen/us', seen),
    ]
    return rows.filter(({ name }) => wanted.has(name))
  },
}

/** Mints tokens of as many users, as a server sees them. */
const mintBatch = (mint: TokenMint, serial: number) =>
  Promise.all(Array.from({ length: tokenCount }, (_, user) => mint.mint(user, serial)))
