import { createHmac } from 'node:crypto'
import { createClerkClient, verifyToken } from '@clerk/backend'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClerkEmulator, type ClerkEmulator, type EmulatedSession } from '../kit/index.ts'

let clerk: ClerkEmulator
let session: EmulatedSession

beforeEach(async () => {
  clerk = await createClerkEmulator({ users: [{ id: 'user_ada', email: 'ada@example.test' }] })
  session = clerk.createSession('user_ada')
})
afterEach(() => clerk.close())

const clerkVerify = (token: string) =>
  verifyToken(token, { secretKey: clerk.secretKey, apiUrl: clerk.apiUrl, skipJwksCache: true })

describe('a session token', () => {
  it("has Clerk's header and version 2 claims", async () => {
    const token = clerk.mintToken({ session })
    expect(decodeProtectedHeader(token)).toEqual({
      alg: 'RS256',
      cat: 'cl_B7d4PD111AAA',
      kid: clerk.jwks().keys[0]?.kid,
      typ: 'JWT',
    })
    const claims = await clerkVerify(token)
    expect(claims).toMatchObject({
      azp: 'http://localhost:3000',
      fva: [0, -1],
      iss: 'https://clerk.example.test',
      sid: session.id,
      sts: 'active',
      sub: 'user_ada',
      v: 2,
    })
    expect(claims.exp - claims.iat).toBe(60)
    expect(claims.iat - claims.nbf).toBe(10)
  })

  it('verifies without the network with the PEM key', async () => {
    await expect(verifyToken(clerk.mintToken({ session }), { jwtKey: clerk.jwtKey })).resolves.toMatchObject({
      sub: 'user_ada',
    })
  })

  it('carries its organisation, role and permissions so that Clerk reads them', async () => {
    const acme = clerk.addOrganization({ id: 'org_acme', name: 'Acme' })
    const permissions = ['org:invoices:read', 'org:invoices:pay', 'org:reports:read']
    clerk.setMembership('user_ada', acme, { role: 'org:admin', permissions })
    clerk.setActiveOrganization(session, acme)

    const token = clerk.mintToken({ session })
    expect(decodeJwt(token)).toMatchObject({ o: { id: 'org_acme', rol: 'admin', slg: 'acme' } })
    const request = new Request('http://localhost:3000/', { headers: { authorization: `Bearer ${token}` } })
    const backend = createClerkClient({
      secretKey: clerk.secretKey,
      publishableKey: clerk.publishableKey,
      apiUrl: clerk.apiUrl,
      telemetry: { disabled: true },
    })
    const state = await backend.authenticateRequest(request, {
      authorizedParties: ['http://localhost:3000'],
      skipJwksCache: true,
    })
    expect(state.toAuth()).toMatchObject({
      userId: 'user_ada',
      orgId: 'org_acme',
      orgRole: 'org:admin',
      orgSlug: 'acme',
      orgPermissions: permissions,
    })

    expect(decodeJwt(clerk.mintToken({ session, orgId: null }))).not.toHaveProperty('o')
    expect(decodeJwt(clerk.mintToken({ session, version: 1 }))).toMatchObject({
      org_id: 'org_acme',
      org_role: 'org:admin',
      org_permissions: permissions,
    })
  })

  it('of version 1 has no v, sts and fva', () => {
    const claims = decodeJwt(clerk.mintToken({ session, version: 1 }))
    expect(Object.keys(claims)).not.toEqual(expect.arrayContaining(['v']))
    expect(claims.sts ?? claims.fva).toBeUndefined()
  })

  it('of a pending session has that status', () => {
    clerk.setSessionStatus(session, 'pending')
    expect(decodeJwt(clerk.mintToken({ session })).sts).toBe('pending')
  })
})

describe('a forged token', () => {
  it('signed by a foreign key under the known kid fails its signature', async () => {
    const token = clerk.mintToken({ session, key: 'foreign' })
    expect(decodeProtectedHeader(token).kid).toBe(clerk.jwks().keys[0]?.kid)
    await expect(clerkVerify(token)).rejects.toMatchObject({ reason: 'token-invalid-signature' })
  })

  it('can have any claim or header field set or left out', () => {
    const token = clerk.mintToken({
      session,
      azp: null,
      claims: { sub: undefined, extra: 1 },
      header: { kid: undefined, crit: ['b64'] },
    })
    expect(decodeJwt(token)).toMatchObject({ extra: 1 })
    expect(decodeJwt(token)).not.toHaveProperty('sub')
    expect(decodeJwt(token)).not.toHaveProperty('azp')
    expect(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())).toEqual({
      alg: 'RS256',
      cat: 'cl_B7d4PD111AAA',
      crit: ['b64'],
      typ: 'JWT',
    })
  })

  it('can have no signature, an HMAC by the public key, or any text for a payload', () => {
    const hmac = (input: string) => createHmac('sha256', clerk.jwtKey).update(input).digest()
    const [none, hs256, text] = [
      clerk.mintToken({ session, header: { alg: 'none' }, key: () => '' }),
      clerk.mintToken({ session, header: { alg: 'HS256' }, key: hmac }),
      clerk.mintToken({ payload: '{"exp":1e999}' }),
    ]
    expect(none.endsWith('.')).toBe(true)
    expect(hs256.split('.')[2]).toHaveLength(43)
    expect(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString()).toBe('{"exp":1e999}')
  })
})

describe('keys and clock', () => {
  it('a rotation changes the kid and leaves the old key published only on request', async () => {
    const before = clerk.mintToken({ session })
    await clerk.rotateKeys()
    const after = clerk.mintToken({ session })
    expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid)
    await expect(clerkVerify(before)).resolves.toBeDefined()
    await expect(clerkVerify(clerk.mintToken({ session, key: 'previous' }))).resolves.toBeDefined()
    await expect(verifyToken(after, { jwtKey: clerk.jwtKey })).resolves.toBeDefined()

    await clerk.rotateKeys({ keepOld: false })
    expect(clerk.jwks().keys).toHaveLength(1)
    // This uses jose, because @clerk/backend keeps a key that it has seen even with skipJwksCache.
    await expect(jwtVerify(after, createLocalJWKSet(clerk.jwks()))).rejects.toThrow('no applicable key')
  })

  it('two emulators share no kid', async () => {
    const other = await createClerkEmulator({ listen: false, url: 'http://localhost:1/clerk' })
    expect(other.jwks().keys[0]?.kid).not.toBe(clerk.jwks().keys[0]?.kid)
  })

  it('the skew and the token life move iat and exp', async () => {
    clerk.skewClock(-3_600_000)
    clerk.setTokenTtl(5)
    const claims = decodeJwt(clerk.mintToken({ session }))
    expect(Math.abs((claims.iat ?? 0) - (Date.now() / 1000 - 3600))).toBeLessThan(5)
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(5)
    clerk.skewClock(0)
    await expect(jwtVerify(clerk.mintToken({ session }), createLocalJWKSet(clerk.jwks()))).resolves.toBeDefined()
  })

  it('the clock can be replaced', async () => {
    const fixed = await createClerkEmulator({ listen: false, url: 'http://localhost:1', now: () => 1_700_000_000_000 })
    expect(decodeJwt(fixed.mintToken()).iat).toBe(1_700_000_000)
  })
})
