/**
 * The bad minutes of a server. Each row is the longest delay of its event loop, because that is how long every other
 * request has to wait.
 */
import { toValueRow } from '../bench-row.ts'
import type { Bench } from '../bench.ts'
import { isQuick } from '../effort.ts'
import { median } from '../statistics.ts'
import { restart, signIns, streams } from '../storms/arrivals.ts'
import { expiry } from '../storms/expiry.ts'
import { keys } from '../storms/keys.ts'
import { redisAway } from '../storms/redis-away.ts'
import { revocation, revocation1k } from '../storms/revocation.ts'
import { stalled } from '../storms/stalled.ts'
import type { Storm, StormRound } from '../storms/storm.ts'

const all: readonly Storm[] = [signIns, streams, restart, keys, expiry, revocation1k, revocation, redisAway, stalled]

/** Each storm is a bench of its own, so that its row is kept when a later one fails. */
export const storms: readonly Bench[] = all.map(toBench)

function toBench({ row, rounds = 3, prepare }: Storm): Bench {
  return {
    rows: [row],
    async run({ mint }) {
      const runRound = await prepare(mint)
      const measured: StormRound[] = []
      for (let round = 0; round < (isQuick ? 1 : rounds); round += 1) measured.push(await runRound())
      const toMedian = (pick: (round: StormRound) => number) => Math.round(median(measured.map(pick)))
      const longest = measured.map(({ delays }) => delays.max)
      return [
        {
          ...toValueRow(row, longest),
          storm: {
            p50: toMedian(({ delays }) => delays.p50),
            p99: toMedian(({ delays }) => delays.p99),
            own: toMedian(({ delays }) => delays.own),
            done: toMedian(({ done }) => done),
            idle: toMedian(({ idle }) => idle),
          },
        },
      ]
    },
  }
}
