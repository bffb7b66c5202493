/**
 * Renews each of 5,000 sessions of a server every 50 s for 20 minutes, and measures whether its memory grows. Run:
 * `npx tsx test/endurance/soak.ts [minutes] [sessions]`.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, openStream } from '../bench/raw-http.ts'
import { toStreamRequest, toTokenRequest } from '../bench/requests.ts'
import { createSigner } from '../h3/session-tokens.ts'
import { startServer } from './start-server.ts'

const [minutes = 20, sessions = 5_000] = process.argv.slice(2).map(Number)
const renewEvery = 50_000
/** The server keeps what it allocates while it warms up, so growth counts from here on. */
const warmUp = 3
const signer = createSigner()
const server = await startServer({ jwks: signer.jwks })
const { port } = server
const mint = (n: number) => signer.mint({ iss: 'https://clerk.example.test', sub: `user_${n}`, sid: `sess_${n}` })

const cookies: string[] = []
let frames = 0
const count = (text: string) => void (frames += text.includes('event: view') ? 1 : 0)
for (let n = 0; n < sessions; n += 1) {
  const { cookie } = await openStream(port, toStreamRequest({ port, tab: `tab-${n}`, token: mint(n) }), count)
  cookies.push(cookie ?? '')
}
const poster = await connect(port)
const start = performance.now()
const elapsed = () => (performance.now() - start) / 60_000
let renewals = 0
let failures = 0

async function renew() {
  for (let n = 0; elapsed() < minutes; n += 1) {
    const user = n % sessions
    const token = toTokenRequest('authchart', {
      port,
      tab: `tab-${user}`,
      cookie: cookies[user] ?? '',
      token: mint(user),
    })
    if ((await poster.send(token)).status === 200) renewals += 1
    else failures += 1
    // The renewals keep to the clock, however long one of them took.
    await sleep(Math.max(0, start + ((n + 1) * renewEvery) / sessions - performance.now()))
  }
}

interface Sample {
  readonly minute: number
  readonly mb: number
}

/** Returns the slope of the line that fits best, MB a minute. */
function toSlope(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number) => samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length
  const minute = mean((sample) => sample.minute)
  const mb = mean((sample) => sample.mb)
  const covariance = samples.reduce((sum, sample) => sum + (sample.minute - minute) * (sample.mb - mb), 0)
  return covariance / samples.reduce((sum, sample) => sum + (sample.minute - minute) ** 2, 0)
}

async function watch(): Promise<Sample[]> {
  const samples: Sample[] = []
  while (elapsed() < minutes) {
    const { heapUsed, rss, sessions, signedIn, streams } = await server.report()
    const sample = { minute: elapsed(), mb: heapUsed / 2 ** 20 }
    if (sample.minute >= warmUp) samples.push(sample)
    console.log(
      `${sample.minute.toFixed(1)} min: heap ${sample.mb.toFixed(1)} MB, RSS ${(rss / 2 ** 20).toFixed(0)} MB,`,
      `${sessions} sessions, ${signedIn} signed in, ${streams} streams, ${renewals} renewals, ${frames} frames`,
    )
    await sleep(30_000)
  }
  return samples
}

const [samples] = await Promise.all([watch(), renew()])
const slope = toSlope(samples)
console.log(
  `${renewals} renewals, ${failures} failed, ${frames} frames; heap slope ${(slope * 1_024).toFixed(1)} KB a minute over`,
  `${samples.length} samples, ${((slope * 2 ** 20) / (renewals / minutes)).toFixed(1)} bytes a renewal`,
)
process.exit(failures > 0 ? 1 : 0)
