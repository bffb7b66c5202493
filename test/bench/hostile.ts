/**
 * Measures what a hostile request costs a server, compared with a valid one: `npx tsx test/bench/hostile.ts [rounds]`.
 *
 * The server runs in its own process, whose CPU time is read before and after each block of requests. The blocks of all
 * rows take turns, so that other load on the machine affects all of them; look at the ratios.
 */
import { foreignKey, issuer, jwks, mint, nowMs, nowSeconds, party, tamper } from '../jose/token-factory.ts'
import { connect, type Connection } from './raw-http.ts'
import { pinClient } from './start-process.ts'
import { startServer } from './start-server.ts'
import { median, quantile } from './statistics.ts'

const blockSize = 50

interface Row {
  readonly name: string
  readonly toBody: (index: number) => string
  readonly headers?: Record<string, string>
  readonly latencies: number[]
  /** The microseconds of the server for one request, block by block. */
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

/** The first row is the valid request with which the others are compared. */
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

/** Returns the text of a POST, as the browser of a page on `port` sends it. */
function toPost(port: number, body: string, headers: Record<string, string> = {}): string {
  const isChunked = headers['transfer-encoding'] === 'chunked'
  const lines = {
    host: `127.0.0.1:${port}`,
    origin: `http://127.0.0.1:${port}`,
    'content-type': 'application/json',
    ...(!isChunked && { 'content-length': String(Buffer.byteLength(body)) }),
    ...headers,
  }
  const head = Object.entries(lines).map((line) => `${line.join(': ')}\r\n`)
  const sent = isChunked ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body
  return `POST /auth/events HTTP/1.1\r\n${head.join('')}\r\n${sent}`
}

/**
 * Tells if a body is big. A big body gets a connection of its own, because the answer comes before all of the body
 * was sent and closes the connection.
 */
const isBig = (body: string) => body.length > 65_536

async function measure(rounds: number) {
  pinClient()
  const server = await startServer('authchart', { jwks, jwtKey: '', issuer, party, now: nowMs })
  const { port } = server
  let connection = await connect(port)

  /**
   * Sends a request.
   *
   * @returns the status, or the fact that the server hung up
   */
  async function send(request: string, ownConnection?: Connection): Promise<string> {
    try {
      return String((await (ownConnection ?? connection).send(request)).status)
    } catch {
      if (!ownConnection) connection = await connect(port)
      return 'hung up'
    } finally {
      ownConnection?.destroy()
    }
  }

  // The first round only warms up.
  for (let round = -1; round < rounds; round += 1) {
    for (const row of rows) {
      const bodies = Array.from({ length: blockSize }, (_, index) => row.toBody(round * blockSize + index))
      const before = await server.report()
      const latencies: number[] = []
      for (const body of bodies) {
        const request = toPost(port, body, row.headers)
        const own = isBig(body) ? await connect(port) : undefined
        const start = performance.now()
        row.statuses.add(await send(request, own))
        latencies.push((performance.now() - start) * 1_000)
      }
      const { cpu } = await server.report()
      if (round < 0) continue
      row.latencies.push(...latencies)
      row.cpu.push((cpu - before.cpu) / blockSize)
    }
  }
  connection.destroy()
  await server.stop()
}

function print(rounds: number) {
  const base = { latency: median(rows[0]?.latencies ?? []), cpu: median(rows[0]?.cpu ?? []) }
  console.info(`${rounds} rounds of ${blockSize} requests a row; medians, ratios to the first row`)
  console.table(
    rows.map(({ name, latencies, cpu, statuses }) => ({
      request: name,
      answer: [...statuses].join(' '),
      'server CPU µs': Math.round(median(cpu)),
      'CPU ratio': (median(cpu) / base.cpu).toFixed(2),
      'latency µs': Math.round(median(latencies)),
      'p99 µs': Math.round(quantile(latencies, 0.99)),
      'latency ratio': (median(latencies) / base.latency).toFixed(2),
    })),
  )
}

const rounds = Number(process.argv[2] ?? 20)
await measure(rounds)
print(rounds)
