import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createClerkKeys, resolveClerkOptions } from '../../adapters/clerk/index.ts'
import { createTokenVerifier, type KeySource } from '../../adapters/jose/index.ts'
import type { AuthError } from '../../machines/auth-error.ts'
import { freePort } from '../free-port.ts'
import { createClerkEmulator, type ClerkEmulator, type Fault } from '../kit/index.ts'

/** The emulated Backend API that the tests use. */
let clerk: ClerkEmulator
let keys: KeySource
let logged: [code: string, details: unknown][]

const open = (options: { secretKey?: string; apiUrl?: string } = {}) => {
  logged = []
  const line = (code: string, details?: unknown) => void logged.push([code, details])
  const resolved = resolveClerkOptions({ secretKey: clerk.secretKey, apiUrl: clerk.apiUrl, ...options }, {})
  return createClerkKeys(resolved, { logger: { warn: line, error: line } })
}

const verifierOf = (source: KeySource) =>
  createTokenVerifier({
    keys: source,
    claims: { issuer: clerk.issuer, authorizedParties: ['http://localhost:3000'] },
    logger: {},
  })

const codeOf = (verified: Promise<unknown>) =>
  verified.then(
    () => 'accepted',
    (error: AuthError) => error.code,
  )

const mint = () => clerk.mintToken({ session: clerk.createSession('ada@example.test') })
const jwksRequests = () => clerk.requests.filter(({ path }) => path.endsWith('/v1/jwks')).length

/** Waits for several turns of real I/O, until an attempt that a timer started has ended. */
async function until(holds: () => boolean) {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] })
  clerk = await createClerkEmulator({ users: [{ email: 'ada@example.test', password: 'correct horse' }] })
  keys = open()
})

afterEach(async () => {
  keys.close()
  await clerk.close()
  vi.useRealTimers()
})

describe('createClerkKeys', () => {
  it('verifies the instance’s tokens with the keys of its Backend API, fetched once (C12)', async () => {
    const verify = verifierOf(keys)
    const sessions = await Promise.all(Array.from({ length: 50 }, () => verify(mint())))
    expect(new Set(sessions.map(({ userId }) => userId)).size).toBe(1)
    expect(jwksRequests()).toBe(1)
  })

  it('follows a rotation within the cooldown, and asks no more often than that (C8, C13)', async () => {
    const verify = verifierOf(keys)
    await verify(mint())
    await clerk.rotateKeys({ keepOld: true })
    const token = mint()
    for (let second = 0; second < 10; second++) {
      expect(await codeOf(verify(token))).toBe('keys-unavailable')
      vi.advanceTimersByTime(1_000)
    }
    await until(() => jwksRequests() === 2)
    await expect.poll(() => codeOf(verify(token))).toBe('accepted')
    expect(jwksRequests()).toBe(2)
  })

  it('verifies only with the JWT key if it is given, and requests nothing', async () => {
    const source = createClerkKeys({ secretKey: clerk.secretKey, apiUrl: clerk.apiUrl, jwtKey: clerk.jwtKey })
    expect(await codeOf(verifierOf(source)(mint()))).toBe('accepted')
    expect(jwksRequests()).toBe(0)
    expect(() => createClerkKeys({ jwtKey: 'no key' })).toThrow(/clerk\.jwtKey/)
  })

  it('keeps two instances in one process apart (C18)', async () => {
    const other = await createClerkEmulator({ users: [{ email: 'ada@example.test', password: 'correct horse' }] })
    const token = other.mintToken({ session: other.createSession('ada@example.test') })
    const theirs = createClerkKeys(other, { logger: {} })
    expect(await codeOf(verifierOf(theirs)(token))).toBe('accepted')
    expect(await codeOf(verifierOf(keys)(token))).not.toBe('accepted')
    theirs.close()
    await other.close()
  })

  it('says that Clerk rejects the secret key, and never shows the key', async () => {
    keys.close()
    keys = open({ secretKey: 'sk_test_of_someone_else' })
    const error = await verifierOf(keys)(mint()).catch((e: unknown) => e)
    expect(error).toMatchObject({ code: 'keys-unavailable' })
    expect(logged[0]).toEqual(['clerk.secretKey.rejected', expect.objectContaining({ status: 401 })])
    expect(logged[1]).toEqual(['keys.failed', { reason: "Clerk's Backend API answered 401" }])
    expect(inspect([error, logged], { depth: 12 })).not.toContain('of_someone_else')
  })

  it.each<[string, Omit<Fault, 'path'>]>([
    ['500', { status: 500 }],
    ['429', { status: 429, headers: { 'retry-after': '1' } }],
    ['HTML', { body: '<html>', headers: { 'content-type': 'text/html' } }],
    ['JSON that is none', { body: '{', headers: { 'content-type': 'application/json' } }],
    ['an empty set', { body: { keys: [] } }],
    ['a cut connection', { drop: true }],
    ['a redirect', { status: 302, headers: { location: '/bapi/v1/jwks?again' } }],
    ['300 KB', { body: `{"keys":[]${' '.repeat(300_000)}}`, headers: { 'content-type': 'application/json' } }],
  ])('%s from Clerk is an outage: undecided, and over within the cooldown', async (_, fault) => {
    const clear = clerk.addFault({ path: '/v1/jwks', ...fault })
    const verify = verifierOf(keys)
    expect(await codeOf(verify(mint()))).toBe('keys-unavailable')
    expect(logged.map(([code]) => code)).toEqual(['keys.failed'])
    clear()
    let refreshed = false
    keys.subscribe(() => (refreshed = true))
    vi.advanceTimersByTime(10_000)
    await until(() => refreshed)
    expect(await codeOf(verify(mint()))).toBe('accepted')
  })

  it.each(['headers', 'body'] as const)('an answer that stalls before its %s is given up after 4 s', async (stall) => {
    clerk.addFault({ path: '/v1/jwks', stall })
    const verdict = codeOf(verifierOf(keys)(mint()))
    await until(() => jwksRequests() === 1)
    vi.advanceTimersByTime(4_000)
    expect(await verdict).toBe('keys-unavailable')
  })

  it('warns of a Backend API over plain http, where others on the way could read the secret key', () => {
    keys.close()
    keys = open({ apiUrl: 'http://api.example.test' })
    expect(logged).toEqual([['keys.insecure', { host: 'api.example.test' }]])
  })

  it('a refused connection is an outage too', async () => {
    keys.close()
    keys = open({ apiUrl: `http://127.0.0.1:${await freePort()}` })
    expect(await codeOf(verifierOf(keys)(mint()))).toBe('keys-unavailable')
    expect(logged).toEqual([['keys.failed', { reason: "Clerk's Backend API could not be reached (ECONNREFUSED)" }]])
  })
})
