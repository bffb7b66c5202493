/** Verifying one token, new or seen before, with nothing round it. */
import { toSpeedRow, toValueRow } from '../bench-row.ts'
import type { BenchRow } from '../bench-row.ts'
import type { Bench } from '../bench.ts'
import { measureRounds } from '../rounds.ts'
import { nextMessage, startProcess } from '../start-process.ts'
import { profiling } from '../start-server.ts'
import type { TokenMint } from '../tokens.ts'
import type { VerifierName, VerifyCommand } from '../verify-process.ts'

const rounds = 11
const warmUps = 3
const tokenCount = 400
const repeats = 100
const names = ['authchart', 'jose', 'limit'] as const

export const verify: Bench = {
  rows: ['verify-cold/jose', 'verify-cold/limit', 'verify-seen/us'],
  async run({ mint, wanted }) {
    const profile = profiling.directory && `${profiling.directory}/verify`
    const child = await startProcess('verify-process', 'server', { args: [JSON.stringify(mint.options)], profile })
    const ask = (command: VerifyCommand) => {
      const answer = nextMessage<number>(child)
      child.send(command)
      return answer
    }
    const batches = new Map<number, readonly string[]>()
    const mintRound = async (round: number) => {
      const tokens = batches.get(round) ?? (await mintBatch(mint, round + warmUps))
      batches.set(round, tokens)
      return tokens
    }

    const cold = await measureRounds(names, { rounds, warmUps }, async (name: VerifierName, round) =>
      ask({ name, tokens: await mintRound(round), times: 1 }),
    )
    const rows: BenchRow[] = [
      toSpeedRow('verify-cold/jose', cold.authchart, cold.jose),
      toSpeedRow('verify-cold/limit', cold.authchart, cold.limit),
    ]
    if (wanted.has('verify-seen/us')) {
      const tokens = await mintRound(rounds)
      const seen = await measureRounds(['authchart'], { rounds, warmUps }, (name) =>
        ask({ name, tokens, times: repeats }),
      )
      rows.push(toValueRow('verify-seen/us', seen.authchart))
    }
    child.disconnect()
    return rows.filter(({ name }) => wanted.has(name))
  },
}

/** Tokens of as many users, as a server sees them. */
const mintBatch = (mint: TokenMint, serial: number) =>
  Promise.all(Array.from({ length: tokenCount }, (_, user) => mint.mint(user, serial)))
