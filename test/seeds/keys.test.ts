import { expect, it, onTestFinished, vi } from 'vitest'
import { createAuthServer } from '../../adapters/h3/index.ts'
import { createKeySource } from '../../adapters/jose/index.ts'
import { MissingSecretKeyError } from '../../machines/index.ts'
import { eventually, signer, startServer, useVirtualTime, virtualEpoch } from '../h3/harness.ts'
import { mintToken } from '../h3/session-tokens.ts'
import { createKeyEndpoint, json } from '../jose/key-endpoint.ts'
import { foreignKey, mintHmac } from '../jose/token-factory.ts'
import { party, startOnClerk } from './clerk-server.ts'

const issuer = 'https://clerk.example.test'
const seconds = (ms: number) => ms / 1_000

async function startEndpoint() {
  const endpoint = await createKeyEndpoint(json(signer.jwks))
  onTestFinished(() => endpoint.close())
  return endpoint
}

it.each<[string, object]>([
  ['no exp', { exp: undefined }],
  ['no nbf', { nbf: undefined }],
  ['another iss', { iss: 'https://evil.example' }],
  ['another azp', { azp: 'https://evil.example' }],
  ['no azp', { azp: undefined }],
  ['another aud', { aud: 'other' }],
  ['a required claim missing', { role: undefined }],
  ['a claim that my own rule refuses', { role: 'guest' }],
])('C6 options are merged over the defaults, which none of them takes away: %s is refused', async (_, claims) => {
  const server = await startServer({
    claims: {
      issuer,
      authorizedParties: [party],
      audience: 'me',
      requiredClaims: ['role'],
      validate: ({ role }) => role !== 'guest',
    },
  })
  const good = { azp: party, aud: ['me', 'you'], role: 'host' }
  expect((await server.browser().token(server.mint(good))).body.isSignedIn).toBe(true)
  const { status, body } = await server.browser().token(server.mint({ ...good, ...claims }))
  expect([status, body.code]).toEqual([401, 'token-claims'])
})

it('C6 an open option causes one warning', async () => {
  const server = await startServer({ claims: {} })
  await server.browser().token(server.mint())
  await server.browser().token(server.mint())
  const warned = server.lines.flatMap(([level, code]) => (level === 'warn' ? [code] : []))
  expect(warned).toEqual(expect.arrayContaining(['claims.authorizedParties.unset']))
  expect(new Set(warned).size).toBe(warned.length)
})

it.each([
  [undefined, 60],
  [0, 0],
  [3_600, 3_600],
])('C7 a clock tolerance of %s is %i s, exact to the second', async (clockTolerance, tolerance) => {
  useVirtualTime()
  const server = await startServer({ claims: { issuer, clockTolerance } })
  const now = seconds(virtualEpoch)
  const codeOf = async (claims: object) => (await server.browser().token(server.mint(claims))).body.code ?? 'accepted'
  expect(await codeOf({ iat: now - 9_000, nbf: now - 9_000, exp: now - tolerance })).toBe('token-expired')
  expect(await codeOf({ iat: now - 9_000, nbf: now - 9_000, exp: now - tolerance + 1 })).toBe('accepted')
  expect(await codeOf({ nbf: now + tolerance })).toBe('accepted')
  expect(await codeOf({ nbf: now + tolerance + 1 })).toBe('token-not-active')
})

it.each([-1, 3_601, 1.5, Number.NaN, '60'])('C7 a clock tolerance of %j is a TypeError', async (clockTolerance) => {
  await expect(startServer({ claims: { clockTolerance: clockTolerance as number } })).rejects.toThrow(
    /claims\.clockTolerance must be an integer from 0 to 3600/,
  )
})

it('C8 a rotated key is fetched within the cooldown and signs nobody out', async () => {
  useVirtualTime()
  const { clerk, server, mint, asked } = await startOnClerk()
  const browser = server.browser()
  const stream = await browser.open()
  expect((await browser.token(mint())).body.isSignedIn).toBe(true)
  await clerk.rotateKeys()
  const undecided = await browser.token(mint())
  expect([undecided.status, undecided.body.code]).toEqual([503, 'keys-unavailable'])
  expect(Number(undecided.headers.get('retry-after'))).toBeLessThanOrEqual(10)
  expect((await browser.session()).body.isSignedIn).toBe(true)
  await vi.advanceTimersByTimeAsync(10_000)
  await eventually(() => asked('jwks') === 2, 'the refresh')
  await eventually(async () => (await browser.token(mint())).status === 200, 'the new key')
  expect(stream.text()).not.toContain('signedOut')
})

it.each([
  ['signed with another key', { key: 'foreign' as const }, 'token-signature'],
  ['alg none', { header: { alg: 'none' }, key: () => '' }, 'token-algorithm'],
  ['alg HS256', { header: { alg: 'HS256' } }, 'token-algorithm'],
  ['expired', { claims: { exp: 1 } }, 'token-expired'],
])('C8 a token that is %s is refused with its code; the server goes on', async (_, forged, code) => {
  const { clerk, server, mint } = await startOnClerk()
  const browser = server.browser()
  await browser.open()
  await browser.token(mint())
  const session = clerk.createSession('user_ada')
  expect((await browser.token(clerk.mintToken({ session, ...forged }))).body.code).toBe(code)
  expect((await browser.token(mintHmac(clerk.jwtKey))).body.code).toBe('token-algorithm')
  expect((await browser.token(mint())).body).toMatchObject({ isSignedIn: true, error: null })
})

it('C12 keys are fetched once for all waiting calls, and again when they age', async () => {
  useVirtualTime()
  const { server, mint, asked } = await startOnClerk()
  const answers = await Promise.all(Array.from({ length: 30 }, () => server.browser().token(mint())))
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 30 }, () => 200))
  expect(asked('jwks')).toBe(1)
  await vi.advanceTimersByTimeAsync(300_000)
  await eventually(() => asked('jwks') === 2, 'the refresh at maxAge')
})

it('C12 an endpoint that hangs is given up and tried again, and meanwhile nobody is signed out', async () => {
  useVirtualTime()
  let underWay = 0
  const { fetch } = globalThis
  const spy = vi.spyOn(globalThis, 'fetch').mockImplementation((...request) => {
    underWay += 1
    return fetch(...request).finally(() => (underWay -= 1))
  })
  onTestFinished(() => spy.mockRestore())
  const { clerk, server, mint, asked } = await startOnClerk()
  const heal = clerk.addFault({ path: '/v1/jwks', stall: 'body' })
  const browser = server.browser()
  const stream = await browser.open()
  const posted = browser.token(mint())
  await eventually(() => asked('jwks') === 1, 'the attempt')
  await vi.advanceTimersByTimeAsync(4_000)
  expect([(await posted).status, (await posted).body.code]).toEqual([503, 'keys-unavailable'])
  expect((await browser.session()).body).toMatchObject({ state: 'error', isSignedIn: false })
  heal()
  let view = (await browser.session()).body
  await eventually(async () => {
    await vi.advanceTimersByTimeAsync(1_000)
    // The running requests to Clerk must end before time passes here.
    await eventually(() => underWay === 0, "Clerk's answer")
    view = (await browser.session()).body
    return view.isSignedIn
  }, 'the retry')
  expect(seconds(view.now - virtualEpoch)).toBeLessThan(30)
  expect(stream.text()).not.toContain('signedOut')
})

it('C13 hostile tokens cannot force fetches: one attempt per 10 s, including failed ones', async () => {
  useVirtualTime()
  const endpoint = await startEndpoint()
  const server = await startServer({ keys: { jwksUrl: endpoint.url } })
  const victim = server.browser()
  await victim.open()
  await victim.token(server.mint())
  const forged = Array.from({ length: 10 }, (_, index) => mintToken(foreignKey.privateKey, `stranger-${index}`))
  endpoint.answer = (response) => response.writeHead(500).end()
  for (let second = 0; second < 20; second += 1) {
    await Promise.all(forged.map((token) => server.browser().token(token)))
    await vi.advanceTimersByTimeAsync(1_000)
  }
  expect(endpoint.requests).toBeGreaterThan(1)
  expect(endpoint.requests).toBeLessThanOrEqual(3)
  expect((await victim.session()).body.isSignedIn).toBe(true)
  expect((await victim.token(server.mint())).status).toBe(200)
})

it('C17 the secret key comes from the argument, else the environment, and is used at the first token', async () => {
  const { server, clerk, mint, asked } = await startOnClerk()
  expect(asked('jwks')).toBe(0)
  expect((await server.browser().token(mint())).status).toBe(200)
  vi.stubEnv('CLERK_SECRET_KEY', clerk.secretKey)
  vi.stubEnv('CLERK_API_URL', clerk.apiUrl)
  vi.stubEnv('CLERK_PUBLISHABLE_KEY', clerk.publishableKey)
  onTestFinished(() => void vi.unstubAllEnvs())
  const byEnvironment = await startServer({ keys: undefined, clerk: undefined, claims: { authorizedParties: [party] } })
  expect((await byEnvironment.browser().token(mint())).status).toBe(200)
})

it('C17 a missing and an empty secret key cause different errors, at construction', () => {
  vi.stubEnv('CLERK_SECRET_KEY', undefined)
  onTestFinished(() => void vi.unstubAllEnvs())
  expect(() => createAuthServer()).toThrow(new MissingSecretKeyError('missing'))
  expect(() => createAuthServer({ clerk: { secretKey: '' } })).toThrow(new MissingSecretKeyError('empty'))
  vi.stubEnv('CLERK_SECRET_KEY', ' ')
  expect(() => createAuthServer()).toThrow(new MissingSecretKeyError('empty'))
})

it('C18 two Clerk instances work in one process, and neither accepts the other’s tokens', async () => {
  const [one, two] = [await startOnClerk(), await startOnClerk()]
  expect((await one.server.browser().token(one.mint())).status).toBe(200)
  expect((await two.server.browser().token(two.mint())).status).toBe(200)
  const kid = two.clerk.jwks().keys[0]?.kid
  const disguised = one.clerk.mintToken({ session: one.clerk.createSession('user_ada'), header: { kid } })
  expect((await two.server.browser().token(disguised)).body.code).toBe('token-signature')
  const heard: string[] = []
  two.server.auth.onAuthChange(({ reason }) => heard.push(reason))
  await one.server.browser().token(one.mint())
  expect([heard, one.server.auth.stats().signedIn, two.server.auth.stats().signedIn]).toEqual([[], 2, 1])
})

it('C18 a key source belongs to the server that it was given to', async () => {
  const endpoint = await startEndpoint()
  const keys = createKeySource({ jwksUrl: endpoint.url })
  onTestFinished(() => keys.close())
  const [one, two] = [await startServer({ keys }), await startServer({ keys: { jwksUrl: endpoint.url } })]
  await one.browser().token(one.mint())
  await two.browser().token(two.mint())
  expect(endpoint.requests).toBe(2)
  await one.auth.close()
  expect((await two.browser().token(two.mint())).status).toBe(200)
})
