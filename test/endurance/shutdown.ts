/**
 * Measures how long SIGTERM takes with 1,000 open streams, 100 of which are not read. Run: `npx tsx
 * test/endurance/shutdown.ts [reading] [stalled]`.
 */
import { openStalledAudience } from './stalled-audience.ts'

const [reading = 900, stalled = 100] = process.argv.slice(2).map(Number)
const audience = await openStalledAudience({ reading, stalled })
const most = await audience.fill()
audience.rest()
const { code, ms } = await audience.server.terminate()
console.log(
  `SIGTERM with ${reading + stalled} streams, ${most.stalled} of them stalled: exit ${code} after ${ms.toFixed(0)} ms;`,
  `${audience.goodbyes} of ${reading} readers were told why`,
)
process.exit(0)
