/**
 * Measures what hostile traffic leaves behind: 100,000 GETs without a cookie (views, and streams opened and closed) and
 * 100,000 forged tokens. It prints what the server holds before and after. Run: `npx tsx test/bench/flatness.ts
 * [requests]`.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, openStream } from './raw-http.ts'
import { toGetRequest, toStreamRequest, toTokenRequest } from './requests.ts'
import { startServer } from './start-server.ts'
import { createTokenMint } from './tokens.ts'

const [requests = 100_000] = process.argv.slice(2).map(Number)
const inTheAir = 64
const forger = createTokenMint()
// These tokens have the same key id and another key.
const server = await startServer('authchart', createTokenMint().options)
const { port } = server
const pool = await Promise.all(Array.from({ length: inTheAir }, () => connect(port)))

async function flood(what: string, requests: number, once: (n: number, worker: number) => Promise<number>) {
  const before = await server.collect()
  const statuses = new Map<number, number>()
  const start = performance.now()
  let next = 0
  await Promise.all(
    pool.map(async (_, worker) => {
      while (next < requests) {
        next += 1
        const status = await once(next, worker)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    }),
  )
  const seconds = (performance.now() - start) / 1_000
  const during = await server.collect()
  // A session whose stream has gone waits five seconds for its browser.
  await sleep(6_000)
  const after = await server.collect()
  const mb = (bytes: number) => (bytes / 2 ** 20).toFixed(1)
  const cpu = (during.cpu - before.cpu) / requests
  console.log(
    `${what}: ${requests} in ${seconds.toFixed(1)} s, ${cpu.toFixed(0)} µs of the server's CPU each, answered`,
    `${JSON.stringify(Object.fromEntries(statuses))}; RSS ${mb(before.rss)} → ${mb(after.rss)} MB,`,
    `heap ${mb(before.heapUsed)} → ${mb(after.heapUsed)} MB, sessions ${before.sessions} → ${after.sessions}`,
    `(${during.sessions} at the end of it), streams ${after.streams}`,
  )
}

const ask = async (worker: number, request: string) => (await pool[worker]!.send(request)).status
const getView = (_: number, worker: number) => ask(worker, toGetRequest(port, '/auth/session', ''))
/** Opens a stream and leaves it as soon as its first frame has arrived. */
async function openAndLeave(n: number) {
  const stream = await openStream(port, toStreamRequest({ port, tab: `tab-${n}` }))
  stream.destroy()
  return 200
}
async function forge(n: number, worker: number) {
  const token = await forger.mint(n, 0)
  return ask(worker, toTokenRequest('authchart', { port, tab: `tab-${n}`, cookie: '', token }))
}
// The first tenth warms the server up. The server keeps the memory that it takes for that.
for (const [round, count] of [
  ['warm-up', requests / 10],
  ['measured', requests],
] as const) {
  await flood(`${round}, GET /auth/session`, count, getView)
  await flood(`${round}, GET /auth/events, opened and closed`, count, openAndLeave)
  await flood(`${round}, forged tokens`, count, forge)
}
for (const connection of pool) connection.destroy()
await server.stop()
