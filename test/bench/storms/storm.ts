/** One bad minute: very much work that is due at once. */
import type { RowName } from '../goals.ts'
import { inBatches } from '../in-batches.ts'
import { connect, type Connection } from '../raw-http.ts'
import { toStreamRequest, toTokenRequest } from '../requests.ts'
import { untilIdle } from '../settle.ts'
import { startReader, type Reader } from '../start-reader.ts'
import type { BenchServer, LoopDelays } from '../start-server.ts'
import type { TokenMint } from '../tokens.ts'

export interface Storm {
  readonly row: RowName
  /** Default 3. */
  readonly rounds?: number
  /** Makes what all rounds use, such as tokens. @returns a function that runs one round with a new server */
  prepare(mint: TokenMint): Promise<() => Promise<StormRound>>
}

export interface StormRound {
  /** The ms from the moment when the work was due until the last client had its answer. */
  readonly done: number
  /** The ms until the server had nothing left to do. */
  readonly idle: number
  readonly delays: LoopDelays
}

/** Epoch ms, with fractions. */
export const toNow = (): number => performance.timeOrigin + performance.now()

/** Measures a storm whose work is due at `start`, without what came before it. */
export async function watch(server: BenchServer, start: number, work: () => Promise<unknown>): Promise<StormRound> {
  await server.delays()
  await work()
  const done = toNow() - start
  await untilIdle(server)
  return { done, idle: toNow() - start, delays: await server.delays() }
}

/** Mints a token for each number below `count`, some at a time. */
export const mintAll = (count: number, mint: (n: number) => Promise<string>): Promise<string[]> =>
  inBatches(
    Array.from({ length: count }, (_, n) => n),
    16,
    mint,
  )

/** Sessions that are signed in, each with a stream. */
export interface OpenSessions {
  /** The process that reads the streams. */
  readonly reader: Reader
  /** Returns requests that bring the n-th token to the n-th session. */
  toPosts(tokens: readonly string[]): string[]
}

/** Opens a session with a stream for each token. */
export async function openSessions({ port }: BenchServer, tokens: readonly string[]): Promise<OpenSessions> {
  const reader = await startReader()
  const cookies = await reader.open(
    port,
    tokens.map((token, n) => toStreamRequest({ port, tab: `t${n}`, token })),
  )
  return {
    reader,
    toPosts: (renewed) =>
      renewed.map((token, n) => toTokenRequest('authchart', { port, tab: `t${n}`, cookie: cookies[n] ?? '', token })),
  }
}

/** Connections that send requests, each one at a time. */
export interface Pool {
  /** Sends the requests in order. Each must be answered with `status`. */
  sendAll(requests: readonly string[], status?: number): Promise<void>
  readonly connections: readonly Connection[]
  destroy(): void
}

export async function openPool(port: number, size: number): Promise<Pool> {
  const connections = await Promise.all(Array.from({ length: size }, () => connect(port)))
  return {
    connections,
    async sendAll(requests, expected = 200) {
      await inBatches(requests, size, async (request, _, worker) => {
        const { status, body } = await connections[worker]!.send(request)
        if (status !== expected) throw new Error(`a request of the storm was answered ${status}: ${body}`)
      })
    },
    destroy() {
      for (const connection of connections) connection.destroy()
    },
  }
}
