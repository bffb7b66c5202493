/**
 * What a hostile request costs a server, against a valid one: `npx tsx test/bench/hostile.ts [rounds]`.
 *
 * The server is a process of its own, whose CPU time is read before and after each block of requests. The blocks of all
 * rows take turns, so that whatever else the machine does falls on all of them; look at the ratios.
 */
import { fork } from 'node:child_process'
import { Agent, request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { H3, serve } from 'h3'
import { createAuthServer } from '../../adapters/h3/index.ts'
import type { Jwks } from '../../adapters/jose/index.ts'
import { foreignKey, issuer, jwks, mint, nowMs, nowSeconds, party, tamper } from '../jose/token-factory.ts'

const blockSize = 50

async function runServer(jwks: Jwks) {
  const auth = createAuthServer({
    keys: { jwks },
    clerk: {},
    claims: { issuer, authorizedParties: [party] },
    limits: { requestsPerSession: 1e9 },
    logger: { warn: () => {} },
    clock: () => nowMs,
  })
  const app = new H3({ silent: true })
  app.register(auth.plugin)
  const server = serve(app, { port: 0, hostname: '127.0.0.1', silent: true, gracefulShutdown: false })
  await server.ready()
  process.on('message', () => process.send?.(process.cpuUsage()))
  process.on('disconnect', () => process.exit())
  process.send?.(server.url)
}

interface Row {
  readonly name: string
  readonly toBody: (index: number) => string
  readonly headers?: Record<string, string>
  readonly latencies: number[]
  /** Microseconds of the server, per request, block by block. */
  readonly cpu: number[]
  readonly statuses: Set<string>
}

const post = (token: string) => JSON.stringify({ type: 'token.received', token })
const toRow = (name: string, toBody: Row['toBody'], headers?: Record<string, string>): Row => ({
  name,
  toBody,
  headers,
  latencies: [],
  cpu: [],
  statuses: new Set(),
})
const same = (name: string, body: string, headers?: Record<string, string>) => toRow(name, () => body, headers)

const megabyte = 'a'.repeat(1_048_576)
const deep = `{"type":"token.received","token":${'['.repeat(7_000)}${']'.repeat(7_000)}}`

/** The first is what the others are measured by. */
const rows: readonly Row[] = [
  toRow('valid: signs in', (index) => post(mint({ claims: { jti: String(index), sid: `sess_${index}` } }))),
  toRow('signature of another key', (index) => post(mint({ key: foreignKey, claims: { jti: String(index) } }))),
  same('signature of zeros', post(tamper(([header, payload]) => [header, payload, 'A'.repeat(342)]))),
  toRow('expired', (index) => post(mint({ claims: { jti: String(index), exp: nowSeconds - 61 } }))),
  same('alg none', post(mint({ header: { alg: 'none' } }))),
  toRow('unknown kid', (index) => post(mint({ header: { kid: `ins_${index}` } }))),
  same('token of 1 MB', post(megabyte)),
  same('token of 1 MB, chunked', post(megabyte), { 'transfer-encoding': 'chunked' }),
  same('token of 100,000 dots', post('.'.repeat(100_000))),
  same('token of 8,192 dots', post('.'.repeat(8_192))),
  same('token of 15 KB', post('a'.repeat(15_000))),
  same('14,000 brackets', deep),
  same('1,000 cookies', '{}', { cookie: Array.from({ length: 1_000 }, (_, index) => `c${index}=1`).join('; ') }),
]

const agent = new Agent({ keepAlive: true, maxSockets: 1 })

/**
 * → the status, or that the server hung up. A big body has a connection of its own, which ends with the answer: that
 * comes before all of the body was sent.
 */
function send(url: string, body: string, headers: Record<string, string> = {}): Promise<string> {
  const isBig = body.length > 65_536
  return new Promise((resolve) => {
    const length = headers['transfer-encoding'] ? {} : { 'content-length': Buffer.byteLength(body) }
    const origin = new URL(url).origin
    const sent = request(
      url,
      {
        agent: isBig ? false : agent,
        method: 'POST',
        headers: { origin, 'content-type': 'application/json', ...length, ...headers },
      },
      (response) => {
        response.resume()
        response.once('end', () => {
          if (isBig) sent.destroy()
          // Only after this turn has the agent its socket back.
          setImmediate(resolve, String(response.statusCode))
        })
      },
    )
    sent.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'))
    sent.end(body)
  })
}

const quantile = (values: readonly number[], q: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? NaN

async function runClient(rounds: number) {
  const child = fork(fileURLToPath(import.meta.url), ['server', JSON.stringify(jwks)], { execArgv: process.execArgv })
  const next = <T>() => new Promise<T>((resolve) => child.once('message', (message) => resolve(message as T)))
  const url = `${await next<string>()}auth/events`
  const readCpu = async () => {
    const answer = next<NodeJS.CpuUsage>()
    child.send('cpu')
    const { user, system } = await answer
    return user + system
  }

  // The first round only warms up.
  for (let round = -1; round < rounds; round += 1) {
    for (const row of rows) {
      const bodies = Array.from({ length: blockSize }, (_, index) => row.toBody(round * blockSize + index))
      const before = await readCpu()
      const latencies: number[] = []
      for (const body of bodies) {
        const start = performance.now()
        row.statuses.add(await send(url, body, row.headers))
        latencies.push((performance.now() - start) * 1_000)
      }
      const cpu = (await readCpu()) - before
      if (round < 0) continue
      row.latencies.push(...latencies)
      row.cpu.push(cpu / blockSize)
    }
  }
  agent.destroy()
  child.disconnect()
  print(rounds)
}

function print(rounds: number) {
  const base = { latency: quantile(rows[0]?.latencies ?? [], 0.5), cpu: quantile(rows[0]?.cpu ?? [], 0.5) }
  console.info(`${rounds} rounds of ${blockSize} requests a row; medians, ratios to the first row`)
  console.table(
    rows.map(({ name, latencies, cpu, statuses }) => ({
      request: name,
      answer: [...statuses].join(' '),
      'server CPU µs': Math.round(quantile(cpu, 0.5)),
      'CPU ratio': (quantile(cpu, 0.5) / base.cpu).toFixed(2),
      'latency µs': Math.round(quantile(latencies, 0.5)),
      'p99 µs': Math.round(quantile(latencies, 0.99)),
      'latency ratio': (quantile(latencies, 0.5) / base.latency).toFixed(2),
    })),
  )
}

const [role, argument] = process.argv.slice(2)
if (role === 'server') await runServer(JSON.parse(argument ?? '') as Jwks)
else await runClient(Number(role ?? 20))
