import { toStreamRequest } from './requests.ts'
import type { TokenMint } from './tokens.ts'

/** The cookies that a real site's browsers send along: 1.5 KB of them, none of which is ours. */
const otherCookies = [
  `_ga=GA1.1.${'1'.repeat(20)}`,
  `__client_uat=${'1'.repeat(10)}`,
  `_analytics=${'a'.repeat(420)}`,
  `preferences=${'b'.repeat(480)}`,
  `experiments=${'c'.repeat(520)}`,
].join('; ')

const warmUps = 200

export interface Sessions {
  /** For the first `count` of them, or all. */
  toStreamRequests(port: number, count?: number): string[]
  /** For some others: what a server takes for its first sessions, such as compiled code, is no session's. */
  toWarmUpRequests(port: number): string[]
}

/** The requests that open so many sessions, each of a user of its own and signed in by the token that it carries. */
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
