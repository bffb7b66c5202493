/**
 * Measures what a session costs a node that shares a Redis with another: the bytes of a signed-in session with a
 * stream, and the CPU of a renewal over HTTP, for the node that gets it and for the node that shows it. It measures CPU
 * time, so a busy machine does not matter much. Run: `npx tsx test/bench/node-cost.ts [sessions] [rounds]`. The last
 * line is JSON.
 */
import { Agent, request, type OutgoingHttpHeaders } from 'node:http'
import { createSigner } from '../h3/session-tokens.ts'
import { buildNode, type NodeProcess } from '../kill/start-node.ts'
import { startRedis } from '../store/redis-server.ts'

const [sessions = 2_000, rounds = 3] = process.argv.slice(2).map(Number)
const signer = createSigner()
const agent = new Agent({ keepAlive: true, maxSockets: 50 })
const mint = (index: number, age: number) => {
  const iat = Math.floor(Date.now() / 1_000) - 30 + age
  return signer.mint({
    iss: 'https://clerk.example.test',
    sub: `user_${index}`,
    sid: `sess_${index}`,
    iat,
    exp: iat + 90,
  })
}

/**
 * Opens a stream whose first frame is already signed in.
 *
 * @returns its cookie
 */
function openStream(url: string, headers: OutgoingHttpHeaders): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${url}/auth/events`, { headers, agent: false }, (response) => {
      response.once('data', () => resolve(response.headers['set-cookie']?.[0]?.split(';')[0] ?? ''))
      response.on('data', () => {})
      response.on('error', () => {})
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

function renew(url: string, cookie: string, token: string): Promise<void> {
  const headers = { 'content-type': 'application/json', origin: url, cookie }
  return new Promise((resolve, reject) => {
    const outgoing = request(`${url}/auth/events`, { method: 'POST', headers, agent }, (response) => {
      response.resume()
      response.on('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(`${response.statusCode}`))))
    })
    outgoing.on('error', reject)
    outgoing.end(JSON.stringify({ type: 'token.received', token }))
  })
}

async function inBatches(count: number, work: (index: number) => Promise<void>) {
  for (let start = 0; start < count; start += 50) {
    await Promise.all(Array.from({ length: Math.min(50, count - start) }, (_, index) => work(start + index)))
  }
}

const redis = await startRedis()
const builder = await buildNode()
const nodes = await Promise.all(
  [0, 1].map(() => builder.start({ redis: redis.url, jwks: signer.jwks, timeout: 10_000 })),
)
const [home, away] = nodes as [NodeProcess, NodeProcess]
for (const { url } of nodes) while ((await fetch(`${url}/ready`)).status !== 204);

const cookies: string[] = []
const open = async (from: number, count: number) =>
  inBatches(count, async (index) => {
    cookies[from + index] = await openStream(home.url, { authorization: `Bearer ${mint(from + index, 0)}` })
  })
let age = 0
async function measure(node: NodeProcess) {
  const before = await Promise.all(nodes.map((each) => each.report()))
  for (let round = 0; round < rounds; round += 1) {
    age += 1
    await inBatches(sessions, (index) => renew(node.url, cookies[index]!, mint(index, age)))
  }
  const after = await Promise.all(nodes.map((each) => each.report()))
  return after.map(({ cpu }, index) => Math.round((cpu - before[index]!.cpu) / (sessions * rounds)))
}

try {
  await open(0, 200)
  const before = await home.report()
  await open(200, sessions)
  const after = await home.report()
  await measure(home)
  const here = await measure(home)
  const there = await measure(away)
  const per = (value: number) => Math.round(value / sessions)
  console.log(
    JSON.stringify({
      sessions,
      renewals: sessions * rounds,
      bytesPerSignedInStream: { heap: per(after.heapUsed - before.heapUsed), rss: per(after.rss - before.rss) },
      cpuMicrosecondsPerRenewal: {
        atTheNodeOfTheStream: { takes: here[0], listens: here[1] },
        atAnotherNode: { takes: there[1], shows: there[0] },
      },
    }),
  )
} finally {
  agent.destroy()
  await Promise.all(nodes.map((node) => node.kill()))
  await redis.stop()
  await builder.remove()
}
process.exit(0)
