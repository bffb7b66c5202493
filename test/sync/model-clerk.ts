import type { ClerkIdentity } from '../../machines/sync/sync-events.ts'

export interface ModelToken extends ClerkIdentity {
  readonly jti: number
  /** The time of issue in seconds. */
  readonly iat: number
  readonly exp: number
}

export const readToken = (text: string) => JSON.parse(text) as ModelToken

let jti = 0

/** Creates the Clerk of one tab. It caches a token of 60 s, and can fail in the ways of the real one. */
export function createModelClerk(now: () => number) {
  let cached: ModelToken | null = null
  const clerk = {
    identity: null as ClerkIdentity | null,
    mode: 'ok' as 'ok' | 'null' | 'throw' | 'hang',
    /** The lifetime of a token, and the delay of Clerk's clock, both in seconds. */
    lifetime: 60,
    lag: 0,
    calls: [] as { at: number; skipCache: boolean }[],
    mints: 0,
    async getToken(skipCache: boolean): Promise<string | null> {
      clerk.calls.push({ at: now(), skipCache })
      if (clerk.mode === 'null') return null
      if (clerk.mode === 'throw') throw new Error('clerk: 503')
      if (clerk.mode === 'hang') return new Promise(() => {})
      if (!clerk.identity) return null
      const { userId, sessionId, orgId } = clerk.identity
      const isGood =
        cached?.userId === userId &&
        cached.sessionId === sessionId &&
        cached.orgId === orgId &&
        cached.exp * 1000 - now() > 10_000
      if (!cached || !isGood || skipCache) {
        clerk.mints++
        const iat = Math.floor(now() / 1000) - clerk.lag
        cached = { ...clerk.identity, jti: ++jti, iat, exp: iat + clerk.lifetime }
      }
      return JSON.stringify(cached)
    },
  }
  return clerk
}
