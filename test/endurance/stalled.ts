/**
 * Measures what 1,000 readers that do not read cost a server that sends them views, and what they cost one reader who
 * reads. Run: `npx tsx test/endurance/stalled.ts [readers]`.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { median } from '../bench/statistics.ts'
import { openStalledAudience } from './stalled-audience.ts'

const [stalled = 1_000] = process.argv.slice(2).map(Number)
const toMb = (bytes: number) => (bytes / 2 ** 20).toFixed(1)
const renewals = 20

async function measureRenewals(audience: { renew(): Promise<number> }) {
  const times: number[] = []
  for (let n = 0; n < renewals; n += 1) times.push(await audience.renew())
  return median(times)
}

const alone = await openStalledAudience({ reading: 1, stalled: 0 })
await measureRenewals(alone)
const undisturbed = await measureRenewals(alone)
alone.rest()
await alone.server.terminate()

const audience = await openStalledAudience({ reading: 1, stalled })
const { server, before } = audience
const start = performance.now()
const most = await audience.fill()
const disturbed = await measureRenewals(audience)
while ((await server.report()).streams > 1) await sleep(250)
const gone = performance.now() - start
const after = await server.report()
console.log(
  `${most.stalled} of ${stalled} readers stalled: RSS ${toMb(before.rss)} MB without them, ${toMb(most.rss)} MB with them;`,
  `heap ${toMb(before.heapUsed)} and ${toMb(most.heapUsed)} MB; all destroyed ${(gone / 1_000).toFixed(1)} s after the`,
  `first view, RSS then ${toMb(after.rss)} MB. A view reaches the one who reads in ${disturbed.toFixed(1)} ms, in`,
  `${undisturbed.toFixed(1)} ms where nobody stalls`,
)
audience.rest()
await server.terminate()
