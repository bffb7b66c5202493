/**
 * Kills nodes and Redis at random moments while browsers sign in and out, and counts the losses. The last line is
 * JSON. The exit code is 1 if anything was lost. Run: `npx tsx test/kill/run.ts --rounds 1000 --seed 1`, with
 * `--store sqlite` for one node on a file of SQLite.
 */
import { parseArgs } from 'node:util'
import { runKillRounds } from './kill-rounds.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string' }, seed: { type: 'string' }, store: { type: 'string' } },
})
const store = values.store === 'sqlite' ? 'sqlite' : 'redis'
const rounds = Number(values.rounds ?? 1_000)
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
console.log(`kill: --store ${store}, ${rounds} rounds, --seed ${seed}`)
const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
const summary = await runKillRounds({ store, rounds, seed, log: console.log, signal: stop.signal })
console.log(JSON.stringify(summary))
process.exitCode = summary.lostSignOuts + summary.wrongSignIns > 0 ? 1 : 0
