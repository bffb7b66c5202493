/**
 * How long a revocation takes: from the webhook's request to the last of 1,000 streams of one user showing `signedOut`,
 * measured in another process than the server's. Run: `npx tsx test/bench/revocation.ts [rounds] [streams]`.
 */
import { request } from 'node:http'
import type { ClientRequest } from 'node:http'
import { createSigner } from '../h3/session-tokens.ts'
import { createMessageId, createWebhookSecret, signWebhook } from '../kit/clerk-emulator/webhook.ts'
import { startBenchServer } from './start-server.ts'

const [rounds = 12, streams = 1_000] = process.argv.slice(2).map(Number)
const signer = createSigner()
const webhookSecret = createWebhookSecret()
const server = await startBenchServer({ jwks: signer.jwks, webhookSecret })

interface Reader {
  readonly request: ClientRequest
  /** When `signedOut` came, ms. */
  readonly signedOut: Promise<number>
}

/** One stream of a browser of its own, signed in with its first frame. */
function openStream(token: string): Promise<Reader> {
  return new Promise((resolve, reject) => {
    let tell: (at: number) => void = () => {}
    const signedOut = new Promise<number>((resolve) => (tell = resolve))
    const headers = { authorization: `Bearer ${token}` }
    const outgoing = request(`${server.url}/auth/events`, { headers, agent: false }, (response) => {
      response.setEncoding('latin1')
      response.on('data', (text: string) => {
        if (text.includes('"state":"signedIn"')) resolve({ request: outgoing, signedOut })
        if (text.includes('"state":"signedOut"')) tell(performance.now())
      })
      response.on('error', () => {})
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

function send(event: { type: string; data: unknown }): Promise<number> {
  const { body, headers } = signWebhook(event, { secret: webhookSecret, sentAt: Date.now(), id: createMessageId() })
  return new Promise((resolve, reject) => {
    const outgoing = request(`${server.url}/auth/webhook`, { method: 'POST', headers }, (response) => {
      response.resume()
      if (response.statusCode === 204) resolve(performance.now())
      else reject(new Error(`the webhook was answered ${response.statusCode}`))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** → ms to the last stream, and to the answer. `sidOf` says which Clerk session the nth browser is on. */
async function measure(user: string, sidOf: (n: number) => string, event: { type: string; data: unknown }) {
  const readers: Reader[] = []
  for (let n = 0; n < streams; n += 50) {
    const batch = Array.from({ length: Math.min(50, streams - n) }, (_, i) => sidOf(n + i))
    const mint = (sid: string) => signer.mint({ iss: 'https://clerk.example.test', sub: user, sid })
    readers.push(...(await Promise.all(batch.map((sid) => openStream(mint(sid))))))
  }
  const start = performance.now()
  const answered = send(event)
  const last = Math.max(...(await Promise.all(readers.map(({ signedOut }) => signedOut))))
  const answer = await answered
  for (const { request } of readers) request.destroy()
  return { last: last - start, answer: answer - start }
}

const quantile = (values: readonly number[], q: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(values.length * q) - 1)]?.toFixed(1)

const kinds = {
  'session.revoked, all on one Clerk session': (round: number) =>
    measure(`user_s${round}`, () => `sess_${round}`, { type: 'session.revoked', data: { id: `sess_${round}` } }),
  'user.deleted, each on a Clerk session of its own': (round: number) =>
    measure(`user_u${round}`, (n) => `sess_${round}_${n}`, { type: 'user.deleted', data: { id: `user_u${round}` } }),
}

await send({ type: 'user.updated', data: { id: 'user_warm' } })
for (const [kind, run] of Object.entries(kinds)) {
  // The first round warms both processes up.
  await run(-1)
  const results = []
  for (let round = 0; round < rounds; round += 1) results.push(await run(round))
  const lasts = results.map(({ last }) => last)
  const answers = results.map(({ answer }) => answer)
  console.log(
    `${kind}: ${rounds} rounds of ${streams} streams; to the last signedOut p50 ${quantile(lasts, 0.5)} ms,`,
    `p99 ${quantile(lasts, 0.99)} ms; to the answer p50 ${quantile(answers, 0.5)} ms, p99 ${quantile(answers, 0.99)} ms`,
  )
}
server.stop()
