import { createHash } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { startServer, useVirtualTime, virtualEpoch } from './harness.ts'
import { createSigner } from './session-tokens.ts'

const issuer = 'https://clerk.example.test'
const azp = 'http://localhost:3000'
const publishableKey = `pk_test_${Buffer.from('clerk.example.test$').toString('base64')}`
const suffix = createHash('sha1').update(publishableKey).digest('base64url').slice(0, 8)
const withParties = { claims: { issuer, authorizedParties: [azp] }, clerk: { publishableKey } }

describe("a token that comes with the stream's GET", () => {
  it('in Authorization makes the first frame signedIn', async () => {
    const server = await startServer()
    const stream = await server.open({ authorization: `Bearer ${server.mint()}` })
    expect(await stream.next()).toMatchObject({ event: 'view', data: { state: 'signedIn', userId: 'user_a' } })
    expect(stream.headers['set-cookie']).toHaveLength(1)
    const cookie = stream.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
    expect((await server.send('/auth/session', { headers: { cookie } })).body.isSignedIn).toBe(true)
  })

  it.each([`__session_${suffix}`, '__session'])(
    "in Clerk's cookie %s counts if authorizedParties is set",
    async (name) => {
      const server = await startServer(withParties)
      const stream = await server.open({ cookie: `${name}=${server.mint({ azp })}` })
      expect((await stream.view()).isSignedIn).toBe(true)
    },
  )

  it("in the instance's cookie counts before an old one without a suffix", async () => {
    const server = await startServer(withParties)
    const cookie = `__session=${server.mint({ azp, exp: 1 })}; __session_${suffix}=${server.mint({ azp })}`
    expect((await (await server.open({ cookie })).view()).isSignedIn).toBe(true)
  })

  it.each([
    ['words', () => 'junk'],
    ['tokens that nobody signed', (token: string) => token.replace(/.{8}$/, 'AAAAAAAA')],
  ])('in its cookie behind twenty others of that name, of %s', async (_, toJunk) => {
    const server = await startServer(withParties)
    const mint = () => server.mint({ azp })
    for (const name of ['__session', `__session_${suffix}`]) {
      const junk = Array.from({ length: 20 }, () => `${name}=${toJunk(mint())}`)
      const cookie = [...junk, `${name}=${mint()}`].join('; ')
      expect((await (await server.open({ cookie })).view()).isSignedIn).toBe(true)
    }
  })

  it("in the instance's cookie counts even if other instances have overwritten the shared one", async () => {
    const server = await startServer(withParties)
    const junk = Array.from({ length: 20 }, () => `__session=${server.mint({ azp }).replace(/.{8}$/, 'AAAAAAAA')}`)
    const cookie = [...junk, `__session_${suffix}=${server.mint({ azp })}`].join('; ')
    expect((await (await server.open({ cookie })).view()).isSignedIn).toBe(true)
  })

  it.each<[string, object, object, Record<string, string>]>([
    ['authorizedParties is not set', {}, { azp }, {}],
    ['it is of another instance', withParties, { azp }, { name: '__session_XXXXXXXX' }],
    ['azp is another', withParties, { azp: 'https://evil.example' }, {}],
  ])('in a cookie counts for nothing where %s', async (_, options, claims, { name = '__session' }) => {
    const server = await startServer(options)
    const stream = await server.open({ cookie: `${name}=${server.mint(claims)}` })
    expect(await stream.view()).toMatchObject({ state: 'unchecked', error: null })
  })

  it('rotates the cookie of a session that it signs in, and ends the streams of other tabs', async () => {
    const server = await startServer()
    const browser = server.browser()
    const other = await browser.open({}, 'tab2')
    const before = browser.cookie
    const stream = await browser.open({ authorization: `Bearer ${server.mint()}` })
    expect((await stream.view()).isSignedIn).toBe(true)
    expect(browser.cookie).not.toBe(before)
    await other.ended
    expect(other.text()).toContain('"reason":"rotated"')
    expect(other.text()).not.toContain('user_a')
  })

  it('extends the expiry of the same session', async () => {
    useVirtualTime()
    const server = await startServer()
    const browser = server.browser()
    await browser.token(server.mint())
    vi.setSystemTime(virtualEpoch + 50_000)
    const stream = await browser.open({ authorization: `Bearer ${server.mint()}` })
    expect((await stream.view()).expiresAt).toBe(virtualEpoch + 110_000)
  })
})

describe('a token that comes with the GET can only sign in', () => {
  it.each<[string, object]>([
    ['refused', { iss: 'https://evil.example' }],
    ['expired', { iat: 1, nbf: 1, exp: 2 }],
    ['pending', { sts: 'pending' }],
    ['of another user', { sub: 'user_b', sid: 'sess_b' }],
    ['of another session of the user', { sid: 'sess_other' }],
    ['older', { exp: Math.floor(Date.now() / 1_000) + 5, o: { id: 'org_old' } }],
  ])('%s: the session is as it was, and no error is recorded', async (_, claims) => {
    const server = await startServer()
    const browser = server.browser()
    const { body } = await browser.token(server.mint({ o: { id: 'org_now' } }))
    const stream = await browser.open({ authorization: `Bearer ${server.mint(claims)}` })
    expect({ ...(await stream.view()), now: 0 }).toEqual({ ...body, now: 0 })
  })

  it.each(['junk', 'a.b.c', ''])('%j on a new session leaves it unchecked', async (token) => {
    const server = await startServer()
    const stream = await server.open({ authorization: `Bearer ${token}` })
    expect(await stream.view()).toMatchObject({ state: 'unchecked', error: null, authChecked: false })
  })

  it('of a signed-out session does not sign in', async () => {
    const server = await startServer()
    const browser = server.browser()
    const token = server.mint()
    await browser.token(token)
    await browser.clear()
    const stream = await browser.open({ authorization: `Bearer ${token}` })
    expect(await stream.view()).toMatchObject({ state: 'signedOut', error: null })
  })

  it('causes no refresh of the keys, unlike a POST', async () => {
    let fetches = 0
    const [known, unknown] = [createSigner('known'), createSigner('unknown')]
    const source = await startServer({}, (app) =>
      app.get('/jwks', () => {
        fetches += 1
        return Response.json(known.jwks)
      }),
    )
    const server = await startServer({ keys: { jwksUrl: `${source.url}/jwks` } })
    await server.browser().token(known.mint({ iss: issuer }))
    expect(fetches).toBe(1)
    const stream = await server.open({ authorization: `Bearer ${unknown.mint({ iss: issuer })}` })
    expect((await stream.view()).error).toBeNull()
    expect(fetches).toBe(1)
  })

  it('does not delay the stream for ever', async () => {
    useVirtualTime()
    const server = await startServer({ claims: { issuer, validate: () => new Promise<void>(() => {}) } })
    const opening = server.open({ authorization: `Bearer ${server.mint()}` })
    for (let turn = 0; turn < 50; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve))
      await vi.advanceTimersByTimeAsync(50)
    }
    expect((await (await opening).view()).isSignedIn).toBe(false)
  })
})
