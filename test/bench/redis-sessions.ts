import { toDigest } from '../../adapters/hub/cookies/secret-id.ts'
import { createSealedStore } from '../../adapters/hub/store/sealed-store.ts'
import type { SessionStore } from '../../adapters/hub/store/session-store.ts'
import { toLogger } from '../../adapters/logger.ts'
import type { AuthClaims, SessionRecord, VerifiedSession } from '../../machines/index.ts'
import type { RedisServer } from '../store/redis-server.ts'

/** Resolves when the store is ready for use. */
export async function untilReady(store: SessionStore): Promise<void> {
  const isReady = async () =>
    store.ready?.('current').then(
      () => true,
      () => false,
    )
  while (!(await isReady()));
}

/** Returns a store as a server uses it. */
export function seal(store: SessionStore): SessionStore {
  const secrets = ['a secret that is as long as a secret has to be']
  return createSealedStore({
    store,
    secrets,
    instance: toDigest('instance').slice(0, 22),
    judge: (claims) => toVerified(claims as AuthClaims),
    clock: Date.now,
    logger: toLogger({}),
  })
}

const toVerified = (claims: AuthClaims): VerifiedSession => ({
  status: 'active',
  userId: claims.sub,
  sessionId: claims.sid,
  orgId: claims.o?.id ?? null,
  claims,
  issuedAt: claims.iat! * 1_000,
  expiresAt: claims.exp * 1_000,
})

/** As Clerk's session tokens of version 2 have it, with an organization. */
export function toRecord(index: number, rev: number): SessionRecord {
  const [userId, sessionId, orgId] = ['user', 'sess', 'org'].map((kind) => `${kind}_2abcdefghijklmnopqr${index + 1e7}`)
  const now = Math.floor(Date.now() / 1_000)
  const claims = {
    azp: 'https://app.example.com',
    exp: now + 60,
    fva: [12, -1],
    iat: now,
    iss: 'https://clerk.example.com',
    jti: 'c0ffee00c0ffee00c0ff',
    nbf: now - 10,
    o: { id: orgId, rol: 'admin', slg: `org-${index}` },
    sid: sessionId,
    sts: 'active',
    sub: userId,
    v: 2,
  }
  return {
    id: toDigest(`id ${index}`),
    channel: 'A'.repeat(16),
    rev,
    status: 'signedIn',
    claims: claims as never,
    user: null,
    userId: userId!,
    sessionId: sessionId!,
    orgId: orgId!,
    issuedAt: now * 1_000,
    expiresAt: (now + 60) * 1_000,
    seqByTab: { f3a9c1d27b: rev },
  }
}

/** Returns the alias of a session. */
export const toAlias = (index: number): string => toDigest(`cookie ${index}`)

/** Returns a number that `INFO` of Redis gives. */
export async function readInfo(redis: RedisServer, field: string): Promise<number> {
  return Number(new RegExp(`^${field}:([\\d.]+)`, 'm').exec(await redis.cli('INFO', 'everything'))?.[1])
}

/** The CPU time that Redis has used so far, µs. */
export const readRedisCpu = async (redis: RedisServer): Promise<number> =>
  ((await readInfo(redis, 'used_cpu_user')) + (await readInfo(redis, 'used_cpu_sys'))) * 1e6

/** The CPU time that this process has used so far, µs. */
export function readOwnCpu(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
