/**
 * Measures how long a sign-out takes across nodes: from the browser's request on one node until the last of 1,000
 * streams shows `signedOut`. Half of the streams are on another node, and all belong to one Clerk session. Both nodes
 * and Redis have processes of their own. Run: `npx tsx test/bench/cross-node.ts [rounds] [streams]`. The last line is
 * JSON.
 */
import { request, type ClientRequest, type OutgoingHttpHeaders } from 'node:http'
import { createSigner } from '../h3/session-tokens.ts'
import { buildNode } from '../kill/start-node.ts'
import { durable, startRedis } from '../store/redis-server.ts'

const [rounds = 20, streams = 1_000] = process.argv.slice(2).map(Number)

interface Reader {
  readonly request: ClientRequest
  readonly cookie: string
  /** Resolves with the time when `signedOut` arrived, ms. */
  readonly signedOut: Promise<number>
}

/** Opens a stream whose first frame is already signed in. */
function openStream(url: string, headers: OutgoingHttpHeaders): Promise<Reader> {
  return new Promise((resolve, reject) => {
    let tell: (at: number) => void = () => {}
    const signedOut = new Promise<number>((resolve) => (tell = resolve))
    const outgoing = request(`${url}/auth/events`, { headers, agent: false }, (response) => {
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

function signOut(url: string, cookie: string): Promise<number> {
  const headers = { 'content-type': 'application/json', origin: url, cookie }
  return new Promise((resolve, reject) => {
    const outgoing = request(`${url}/auth/events`, { method: 'POST', headers, agent: false }, (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => {
        if (response.statusCode === 200) resolve(performance.now())
        else reject(new Error(`the sign-out was answered ${response.statusCode}: ${body}`))
      })
    })
    outgoing.on('error', reject)
    outgoing.end(JSON.stringify({ type: 'session.cleared' }))
  })
}

const quantile = (values: readonly number[], q: number) =>
  Number(values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(values.length * q) - 1)]?.toFixed(1))

const signer = createSigner()
const redis = await startRedis(...durable)
const builder = await buildNode()
const nodes = await Promise.all(
  [0, 1].map(() => builder.start({ redis: redis.url, jwks: signer.jwks, timeout: 5_000 })),
)
for (const { url } of nodes) while ((await fetch(`${url}/ready`)).status !== 204);

const last = async (readers: readonly Reader[]) =>
  Math.max(...(await Promise.all(readers.map((each) => each.signedOut))))

async function measure(round: number) {
  const token = signer.mint({ iss: 'https://clerk.example.test', sub: `user_${round}`, sid: `sess_${round}` })
  const headers = { authorization: `Bearer ${token}` }
  const readers: Reader[][] = []
  for (const { url } of nodes) {
    const opened: Reader[] = []
    while (opened.length < streams / nodes.length) {
      opened.push(...(await Promise.all(Array.from({ length: 50 }, () => openStream(url, headers)))))
    }
    readers.push(opened)
  }
  const [here = [], there = []] = readers
  const start = performance.now()
  const answered = signOut(nodes[0]!.url, here[0]!.cookie)
  const [near, far, answer] = await Promise.all([last(here), last(there), answered])
  for (const { request } of readers.flat()) request.destroy()
  return { near: near - start, far: far - start, last: Math.max(near, far) - start, answer: answer - start }
}

const results = []
try {
  // The first rounds only warm the processes up.
  for (let round = -2; round < rounds; round += 1) {
    const result = await measure(round)
    if (round >= 0) results.push(result)
  }
} finally {
  await Promise.all(nodes.map((node) => node.kill()))
  await redis.stop()
  await builder.remove()
}
const toFigures = (values: readonly number[]) => ({ p50: quantile(values, 0.5), p99: quantile(values, 0.99) })
const summary = {
  rounds,
  streams,
  toLastStreamMs: toFigures(results.map((result) => result.last)),
  toLastStreamOfOwnNodeMs: toFigures(results.map((result) => result.near)),
  toLastStreamOfOtherNodeMs: toFigures(results.map((result) => result.far)),
  toAnswerMs: toFigures(results.map((result) => result.answer)),
}
console.log(JSON.stringify(summary))
