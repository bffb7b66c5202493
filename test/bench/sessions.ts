import { toStreamRequest } from './requests.ts'
import type { TokenMint } from './tokens.ts'

/** The cookies of other software that a real site's browsers send along: 1.5 KB of them. */
const otherCookies = [
  `_ga=GA1.1.${'1'.repeat(20)}`,
  `__client_uat=${'1'.repeat(10)}`,
  `_analytics=${'a'.repeat(420)}`,
  `preferences=${'b'.repeat(480)}`,
  `experiments=${'c'.repeat(520)}`,
].join('; ')

const warmUps = 200

export interface Sessions {
  /** Returns the requests of the first `count` sessions, or of all. */
  toStreamRequests(port: number, count?: number): string[]
  /**
   * Returns the requests of some other sessions. The memory for a server's first sessions, such as compiled code,
   * belongs to no session.
   */
  toWarmUpRequests(port: number): string[]
}

/**
 * Creates the requests that open this many sessions. Each session has a user of its own and is signed in by the token
 * of its request.
 */
export async function createSessions(mint: TokenMint, count: number): Promise<Sessions> {
  const tokens = await Promise.all(Array.from({ length: count + warmUps }, (_, user) => mint.mint(user, 0)))
  const toRequests = (port: number, from: number, to: number) =>
    tokens.slice(from, to).map((token, n) => {
      return toStreamRequest({ port, tab: `tab-${from + n}`, token, cookie: otherCookies })
    })
  return {
    toStreamRequests: (port, first = count) => toRequests(port, 0, first),
    toWarmUpRequests: (port) => toRequests(port, count, count + warmUps),
  }
}
