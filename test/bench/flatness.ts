/**
 * What hostile traffic leaves behind: 100,000 GETs without a cookie (views, and streams opened and closed) and 100,000
 * forged tokens. Prints what the server holds before and after. Run: `npx tsx test/bench/flatness.ts [requests]`.
 */
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSigner } from '../h3/session-tokens.ts'
import { createWebhookSecret } from '../kit/clerk-emulator/webhook.ts'
import { startBenchServer } from './start-server.ts'

const [requests = 100_000] = process.argv.slice(2).map(Number)
const inTheAir = 64
const signer = createSigner()
const forger = createSigner(signer.kid)
const server = await startBenchServer({ jwks: signer.jwks, webhookSecret: createWebhookSecret() })
const agent = new Agent({ keepAlive: true, maxSockets: inTheAir })

/** → the status. A stream is left as soon as its first frame is there. */
function ask(method: string, path: string, body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json', origin: server.url }
    const isStream = method === 'GET' && path === '/auth/events'
    const outgoing = request(
      `${server.url}${path}`,
      { method, headers, agent: isStream ? false : agent },
      (response) => {
        response.on('error', () => {})
        if (isStream) {
          response.once('data', () => {
            response.destroy()
            resolve(response.statusCode ?? 0)
          })
        } else {
          response.resume().once('end', () => resolve(response.statusCode ?? 0))
        }
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

async function flood(what: string, requests: number, once: (n: number) => Promise<number>) {
  const before = await server.report()
  const statuses = new Map<number, number>()
  const start = performance.now()
  let next = 0
  await Promise.all(
    Array.from({ length: inTheAir }, async () => {
      while (next < requests) {
        next += 1
        const status = await once(next)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    }),
  )
  const seconds = (performance.now() - start) / 1_000
  const during = await server.report()
  // A session whose stream has gone waits five seconds for its browser.
  await sleep(6_000)
  const after = await server.report()
  const mb = (bytes: number) => (bytes / 2 ** 20).toFixed(1)
  const cpu = (during.cpu.user + during.cpu.system - before.cpu.user - before.cpu.system) / requests
  console.log(
    `${what}: ${requests} in ${seconds.toFixed(1)} s, ${cpu.toFixed(0)} µs of the server's CPU each, answered`,
    `${JSON.stringify(Object.fromEntries(statuses))}; RSS ${mb(before.rss)} → ${mb(after.rss)} MB,`,
    `heap ${mb(before.heapUsed)} → ${mb(after.heapUsed)} MB, sessions ${before.sessions} → ${after.sessions}`,
    `(${during.sessions} at the end of it), streams ${after.streams}`,
  )
}

const forge = (n: number) => {
  const token = forger.mint({ iss: 'https://clerk.example.test', sub: `user_${n}`, sid: `sess_${n}` })
  return ask('POST', '/auth/events', JSON.stringify({ type: 'token.received', token }))
}
// The first tenth warms the server up: what it takes then, it keeps.
for (const [round, count] of [
  ['warm-up', requests / 10],
  ['measured', requests],
] as const) {
  await flood(`${round}, GET /auth/session`, count, () => ask('GET', '/auth/session'))
  await flood(`${round}, GET /auth/events, opened and closed`, count, () => ask('GET', '/auth/events'))
  await flood(`${round}, forged tokens`, count, forge)
}
agent.destroy()
server.stop()
