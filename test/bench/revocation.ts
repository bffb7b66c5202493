/**
 * How long a revocation takes: from the webhook's request to the last of 1,000 streams of one user showing `signedOut`,
 * measured in another process than the server's. Run: `npx tsx test/bench/revocation.ts [rounds] [streams]`.
 */
import { request } from 'node:http'
import type { ClientRequest, OutgoingHttpHeaders } from 'node:http'
import { createSigner } from '../h3/session-tokens.ts'
import { createMessageId, createWebhookSecret, signWebhook } from '../kit/clerk-emulator/webhook.ts'
import { startBenchServer } from './start-server.ts'

const [rounds = 12, streams = 1_000] = process.argv.slice(2).map(Number)
const signer = createSigner()
const webhookSecret = createWebhookSecret()
const server = await startBenchServer({ jwks: signer.jwks, webhookSecret })

interface Reader {
  readonly request: ClientRequest
  /** The session cookie of its browser. */
  readonly cookie: string
  /** When `signedOut` came, ms. */
  readonly signedOut: Promise<number>
}

/** One stream, whose first frame is signed in already. */
function openStream(headers: OutgoingHttpHeaders): Promise<Reader> {
  return new Promise((resolve, reject) => {
    let tell: (at: number) => void = () => {}
    const signedOut = new Promise<number>((resolve) => (tell = resolve))
    const outgoing = request(`${server.url}/auth/events`, { headers, agent: false }, (response) => {
      const cookie = response.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
      response.setEncoding('latin1')
      response.on('data', (text: string) => {
        if (text.includes('"state":"signedIn"')) resolve({ request: outgoing, cookie, signedOut })
        if (text.includes('"state":"signedOut"')) tell(performance.now())
      })
      response.on('error', () => {})
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

/** A browser with so many tabs, signed in. */
async function openBrowser(token: string, tabs: number): Promise<Reader[]> {
  const first = await openStream({ authorization: `Bearer ${token}` })
  const others = Array.from({ length: tabs - 1 }, () => openStream({ cookie: first.cookie }))
  return [first, ...(await Promise.all(others))]
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

interface Round {
  readonly user: string
  /** The Clerk session of the nth browser. */
  readonly sidOf: (n: number) => string
  readonly tabs: number
  readonly event: { readonly type: string; readonly data: unknown }
}

/** → ms to the last stream, and to the answer. */
async function measure({ user, sidOf, tabs, event }: Round) {
  const readers: Reader[] = []
  for (let browser = 0; readers.length < streams;) {
    const batch = Array.from({ length: Math.min(32, Math.ceil((streams - readers.length) / tabs)) }, () => browser++)
    const mint = (n: number) => signer.mint({ iss: 'https://clerk.example.test', sub: user, sid: sidOf(n) })
    readers.push(...(await Promise.all(batch.map((n) => openBrowser(mint(n), tabs)))).flat())
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

const revoked = (sid: string) => ({ type: 'session.revoked', data: { id: sid } })
const deleted = (user: string) => ({ type: 'user.deleted', data: { id: user } })
const kinds: Record<string, (round: string) => Round> = {
  'user.deleted, browsers of 16 tabs': (round) => {
    const user = `user_t${round}`
    return { user, sidOf: (n) => `sess_t${round}_${n}`, tabs: 16, event: deleted(user) }
  },
  'session.revoked, browsers of one tab on one Clerk session': (round) => {
    const sid = `sess_s${round}`
    return { user: 'user_s', sidOf: () => sid, tabs: 1, event: revoked(sid) }
  },
  'user.deleted, browsers of one tab, each on its own Clerk session': (round) => {
    const user = `user_u${round}`
    return { user, sidOf: (n) => `sess_u${round}_${n}`, tabs: 1, event: deleted(user) }
  },
}

await send({ type: 'user.updated', data: { id: 'user_warm' } })
for (const [kind, run] of Object.entries(kinds)) {
  // The first round warms both processes up.
  await measure(run('warm'))
  const results = []
  for (let round = 0; round < rounds; round += 1) results.push(await measure(run(String(round))))
  const lasts = results.map(({ last }) => last)
  const answers = results.map(({ answer }) => answer)
  console.log(
    `${kind}: ${rounds} rounds of ${streams} streams; to the last signedOut p50 ${quantile(lasts, 0.5)} ms,`,
    `p99 ${quantile(lasts, 0.99)} ms; to the answer p50 ${quantile(answers, 0.5)} ms, p99 ${quantile(answers, 0.99)} ms`,
  )
}
server.stop()
