import type { ContenderName } from '../contenders/index.ts'
import { sized } from '../effort.ts'
import { toStreamRequest, toTokenRequest } from '../requests.ts'
import { settle } from '../settle.ts'
import { startReader } from '../start-reader.ts'
import { startServer } from '../start-server.ts'
import type { TokenMint } from '../tokens.ts'
import { mintAll, openPool, toNow, watch, type Storm, type StormRound } from './storm.ts'

/** The first user who arrives in the storm. The users before are there already. */
const firstUser = 10_000

/** A round of a storm of arrivals, with the CPU of the server for all of them. */
export interface ArrivalRound extends StormRound {
  /** µs */
  readonly cpu: number
}

/** Streams that come at once, each with its token. `early` streams are open before. */
export async function prepareStreams(mint: TokenMint, { count, early }: { count: number; early: number }) {
  const earlyTokens = await mintAll(early, (user) => mint.mint(user, 0))
  const tokens = await mintAll(count, (user) => mint.mint(firstUser + user, 0))

  return async (name: ContenderName = 'authchart'): Promise<ArrivalRound> => {
    const server = await startServer(name, mint.options)
    const reader = await startReader()
    const { port } = server
    const toRequests = (bearers: readonly string[], prefix: string) =>
      bearers.map((token, n) => toStreamRequest({ port, tab: `${prefix}${n}`, token }))
    await reader.open(port, toRequests(earlyTokens, 'early'))
    const requests = toRequests(tokens, 't')
    const { cpu } = await settle(server)
    const measured = await watch(server, toNow(), () => reader.open(port, requests, count))
    const spent = (await server.report()).cpu - cpu
    reader.stop()
    await server.stop()
    return { ...measured, cpu: spent }
  }
}

/** First sign-ins, 256 at a time. */
export async function prepareSignIns(mint: TokenMint, count: number) {
  const tokens = await mintAll(count, (user) => mint.mint(user, 0))

  return async (name: ContenderName = 'authchart'): Promise<ArrivalRound> => {
    const server = await startServer(name, mint.options)
    const { port } = server
    const requests = tokens.map((token, n) => toTokenRequest(name, { port, tab: `t${n}`, cookie: 'a=b', token }))
    const pool = await openPool(port, 256)
    const { cpu } = await server.report()
    const measured = await watch(server, toNow(), () => pool.sendAll(requests))
    const spent = (await server.report()).cpu - cpu
    pool.destroy()
    await server.stop()
    return { ...measured, cpu: spent }
  }
}

export const streams: Storm = {
  row: 'storm/streams',
  prepare: (mint) => prepareStreams(mint, { count: sized(5_000), early: sized(500) }),
}

/** All clients of a server that has restarted without its sessions come back at once, and none of its code has run. */
export const restart: Storm = {
  row: 'storm/restart',
  prepare: (mint) => prepareStreams(mint, { count: sized(10_000), early: 0 }),
}

export const signIns: Storm = { row: 'storm/sign-ins', prepare: (mint) => prepareSignIns(mint, sized(10_000)) }
