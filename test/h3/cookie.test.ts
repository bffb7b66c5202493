import { H3 } from 'h3'
import { describe, expect, it, vi } from 'vitest'
import { createSessionCookie } from '../../adapters/h3/session-cookie.ts'
import { toLogger } from '../../adapters/logger.ts'
import { startServer, useVirtualTime } from './harness.ts'

describe('the name and the attributes of the cookie', () => {
  async function nameFor(url: string, headers: Record<string, string> = {}, secure: 'auto' | true = 'auto') {
    const cookie = createSessionCookie({ name: 'authchart', sameSite: 'lax', secure }, toLogger())
    const app = new H3().get('/', (event) => cookie.toHeader(event, 'ID'))
    return (await app.request(url, { headers })).text()
  }
  const secure = '__Host-authchart=ID; HttpOnly; Path=/; SameSite=Lax; Secure'
  const plain = 'authchart=ID; HttpOnly; Path=/; SameSite=Lax'

  it.each([
    ['https://app.example.com/', {}, secure],
    ['http://app.example.com/', {}, secure],
    ['http://192.168.1.7/', {}, secure],
    ['https://localhost/', {}, secure],
    ['http://localhost:3000/', {}, plain],
    ['http://127.0.0.1:3000/', {}, plain],
    ['http://[::1]:3000/', {}, plain],
    ['http://app.localhost:3000/', {}, plain],
    ['http://localhost.evil.example/', {}, secure],
    ['http://localhost:3000/', { 'x-forwarded-for': '203.0.113.9' }, secure],
    ['http://localhost:3000/', { 'x-forwarded-proto': 'https' }, secure],
    ['http://localhost:3000/', { 'x-forwarded-host': 'app.example.com' }, secure],
    ['http://localhost:3000/', { forwarded: 'for=203.0.113.9' }, secure],
    ['http://localhost:3000/', { via: '1.1 proxy' }, secure],
    ['http://localhost:3000/', { origin: 'https://app.example.com' }, secure],
    ['http://localhost:3000/', { referer: 'https://app.example.com/page' }, secure],
    ['http://localhost:3000/', { referer: 'http://localhost:1@evil.example/' }, secure],
    ['http://localhost:3000/', { referer: 'http://localhost.evil.example/' }, secure],
    ['http://localhost:3000/', { origin: 'http://localhost:5173' }, plain],
    ['http://localhost:3000/', { referer: 'HTTP://LOCALHOST/page' }, plain],
    ['http://localhost:3000/', { origin: 'capacitor://localhost' }, plain],
  ])('%s with %j: %s', async (url, headers, expected) => {
    expect(await nameFor(url, headers)).toBe(expected)
  })

  it('is always secure with secure: true', async () => {
    expect(await nameFor('http://localhost:3000/', {}, true)).toBe(secure)
  })

  it('reads its secure name only where it would set it', async () => {
    const server = await startServer()
    const browser = server.browser()
    await browser.token(server.mint())
    const id = browser.cookie?.split('=')[1]
    const view = async (cookie: string, headers = {}) =>
      (await server.send('/auth/session', { headers: { cookie, ...headers } })).body.isSignedIn
    expect(await view(`authchart=${id}`)).toBe(true)
    expect(await view(`__Host-authchart=${id}`)).toBe(false)
    expect(server.lines).not.toContainEqual(['warn', 'cookie.mixed', expect.anything()])
    for (let twice = 0; twice < 2; twice += 1) {
      expect(await view(`authchart=${id}`, { 'x-forwarded-proto': 'https' })).toBe(false)
    }
    expect(server.lines.filter(([, code]) => code === 'cookie.mixed')).toEqual([
      ['warn', 'cookie.mixed', { name: 'authchart' }],
    ])
    expect(await view(`__Host-authchart=${id}`, { 'x-forwarded-proto': 'https' })).toBe(true)
  })
})

describe('a cookie from elsewhere', () => {
  it.each([
    ['a guessed one', 'A'.repeat(43)],
    ['a short one', 'x'],
    ['an empty one', ''],
    ['markup', '<script>'],
    ['the wrong alphabet', '+'.repeat(43)],
  ])('is never adopted: %s', async (_, value) => {
    const server = await startServer()
    const stream = await server.open({ cookie: `authchart=${value}` })
    expect(stream.status).toBe(200)
    expect(stream.headers['set-cookie']?.[0]).not.toContain(`authchart=${value};`)
  })

  it('is found among a thousand others, and behind a tossed one of its name', async () => {
    const server = await startServer()
    const browser = server.browser()
    await browser.token(server.mint())
    const noise = Array.from({ length: 200 }, (_, index) => `c${index}=${index}`).join('; ')
    const cookie = `=; ;; %%%; ${noise}; authchart=${'B'.repeat(43)}; ${browser.cookie}`
    expect((await server.send('/auth/session', { headers: { cookie } })).body.isSignedIn).toBe(true)
  })
})

describe('rotation', () => {
  it('gives a new cookie at sign-in, and none at a renewal', async () => {
    const server = await startServer()
    const browser = server.browser()
    await browser.open()
    const before = browser.cookie
    const { cookie } = await browser.token(server.mint())
    expect(cookie).not.toBe(before)
    expect((await browser.token(server.mint({ o: { id: 'org_1' } }))).cookie).toBeUndefined()
  })

  it('gives another one when the user changes', async () => {
    const server = await startServer()
    const browser = server.browser()
    const first = (await browser.token(server.mint())).cookie
    const { cookie, body } = await browser.token(server.mint({ sub: 'user_b', sid: 'sess_b', o: { id: 'org_b' } }))
    expect(cookie).toBeDefined()
    expect(cookie).not.toBe(first)
    expect(body).toMatchObject({ userId: 'user_b', sessionId: 'sess_b', orgId: 'org_b' })
  })

  it('keeps the channel, so that a page knows its session again', async () => {
    const server = await startServer()
    const browser = server.browser()
    const { channel } = await (await browser.open()).view()
    expect((await browser.token(server.mint())).body.channel).toBe(channel)
    expect((await (await browser.open()).view()).channel).toBe(channel)
  })

  it('sends the other tabs away without showing them anything, and keeps the posting one', async () => {
    const server = await startServer()
    const browser = server.browser()
    const own = await browser.open()
    const other = await browser.open({}, 'tab2')
    await browser.token(server.mint())
    await own.viewWhere(({ isSignedIn }) => isSignedIn)
    await other.ended
    expect(other.text()).toContain('event: bye\ndata: {"reason":"rotated"}')
    expect(other.text()).not.toContain('user_a')
    const back = await browser.open({}, 'tab2')
    expect((await back.view()).isSignedIn).toBe(true)
  })

  it('sends a stream without a tab away too: it may be whoever planted the cookie', async () => {
    const server = await startServer()
    const browser = server.browser()
    await browser.open()
    const planted = await server.open({ cookie: browser.cookie ?? '' })
    await browser.token(server.mint())
    await planted.ended
    expect(planted.text()).not.toContain('user_a')
  })

  it('lets nothing be read through the old cookie', async () => {
    useVirtualTime()
    const server = await startServer()
    const browser = server.browser()
    await browser.open()
    const old = browser.cookie ?? ''
    await browser.token(server.mint())
    const stream = await server.send('/auth/events?tab=tab1', { headers: { cookie: old } })
    expect([stream.status, stream.body.code, stream.headers.get('retry-after'), stream.cookie]).toEqual([
      503,
      'session-rotated',
      '1',
      undefined,
    ])
    expect((await server.send('/auth/session', { headers: { cookie: old } })).body).toMatchObject({
      channel: '',
      isSignedIn: false,
    })
    await vi.advanceTimersByTimeAsync(10_001)
    const later = await server.open({ cookie: old })
    expect((await later.view()).isSignedIn).toBe(false)
    expect(later.headers['set-cookie']).toHaveLength(1)
  })

  it('answers a late POST with the old cookie that proves the same Clerk session, and gives the current one', async () => {
    const server = await startServer()
    const browser = server.browser()
    await browser.open()
    const old = browser.cookie ?? ''
    const current = (await browser.token(server.mint())).cookie
    const late = await server.post({ type: 'token.received', token: server.mint() }, { cookie: old })
    expect([late.status, late.body.isSignedIn, late.cookie]).toEqual([200, true, current])
  })

  it.each([
    ['the token of another user', { sub: 'user_b', sid: 'sess_b' }],
    ['an expired token', { exp: 1, nbf: 0, iat: 0 }],
  ])('turns a POST with the old cookie and %s away', async (_, claims) => {
    const server = await startServer()
    const browser = server.browser()
    await browser.open()
    const old = browser.cookie ?? ''
    await browser.token(server.mint())
    const late = await server.post({ type: 'token.received', token: server.mint(claims) }, { cookie: old })
    expect([late.status, late.body.code, late.cookie, late.body.view]).toEqual([
      503,
      'session-rotated',
      undefined,
      undefined,
    ])
    expect((await browser.session()).body.userId).toBe('user_a')
  })

  it('does not sign out by the old cookie', async () => {
    const server = await startServer()
    const browser = server.browser()
    await browser.open()
    const old = browser.cookie ?? ''
    await browser.token(server.mint())
    expect((await server.post({ type: 'session.cleared' }, { cookie: old })).status).toBe(503)
    expect((await browser.session()).body.isSignedIn).toBe(true)
  })
})
