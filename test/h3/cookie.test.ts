import { H3 } from 'h3'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { resolveAuthServerOptions } from '../../adapters/h3/auth-server-options.ts'
import { createSessionCookie, type CookieOptions } from '../../adapters/h3/session-cookie.ts'
import { toLogger } from '../../adapters/logger.ts'
import { startServer, useVirtualTime } from './harness.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

const secure = '__Host-authchart=ID; HttpOnly; Path=/; SameSite=Lax; Secure'
const plain = 'authchart=ID; HttpOnly; Path=/; SameSite=Lax'

/** Returns the `Set-Cookie` value for a request with this URL and these headers. */
async function cookieFor(url: string, headers: Record<string, string> = {}, options: CookieOptions = {}) {
  const { cookie } = resolveAuthServerOptions({ cookie: options })
  const sessionCookie = createSessionCookie(cookie, toLogger({}))
  const app = new H3().get('/', (event) => sessionCookie.toHeader(event, 'ID'))
  return (await app.request(url, { headers })).text()
}

describe('the name and the attributes of the cookie in development', () => {
  it.each([
    ['https://app.example.com/', {}, secure],
    ['https://localhost/', {}, secure],
    ['http://localhost:3000/', {}, plain],
    ['http://127.0.0.1:3000/', {}, plain],
    ['http://[::1]:3000/', {}, plain],
    ['http://192.168.1.20:3000/', {}, plain],
    ['http://web:3000/', {}, plain],
    ['http://app.example.com/', {}, plain],
    ['http://localhost:3000/', { 'x-forwarded-for': '203.0.113.9' }, secure],
    ['http://localhost:3000/', { 'x-forwarded-proto': 'https' }, secure],
    ['http://localhost:3000/', { 'x-forwarded-host': 'app.example.com' }, secure],
    ['http://localhost:3000/', { 'x-forwarded-port': '443' }, secure],
    ['http://localhost:3000/', { 'x-forwarded-ssl': 'on' }, secure],
    ['http://localhost:3000/', { 'x-real-ip': '203.0.113.9' }, secure],
    ['http://192.168.1.20:3000/', { forwarded: 'for=203.0.113.9' }, secure],
    ['http://localhost:3000/', { via: '1.1 proxy' }, secure],
    ['http://localhost:3000/', { origin: 'https://app.example.com' }, plain],
    ['http://localhost:3000/', { referer: 'https://app.example.com/page' }, plain],
    ['http://localhost:3000/', { 'x-forwarding': 'no header of a proxy' }, plain],
    // A browser that sends the secure cookie uses https, or a host that it trusts like https.
    ['http://localhost:3000/', { cookie: '__Host-authchart=other' }, secure],
    ['http://localhost:3000/', { cookie: 'authchart=other; __Host-authchart2=x' }, plain],
  ])('%s with %j: %s', async (url, headers, expected) => {
    expect(await cookieFor(url, headers)).toBe(expected)
  })
})

describe('the name and the attributes of the cookie in production', () => {
  it.each([
    ['https://app.example.com/', {}],
    ['http://localhost:3000/', {}],
    ['http://192.168.1.20:3000/', {}],
    ['http://localhost/', { referer: 'http://localhost/page', origin: 'http://localhost' }],
    ['http://localhost/', { cookie: 'authchart=other' }],
  ])('are the secure ones: %s with %j', async (url, headers) => {
    vi.stubEnv('NODE_ENV', 'production')
    expect(await cookieFor(url, headers)).toBe(secure)
  })

  it('are decided when the server is created', async () => {
    const { cookie } = resolveAuthServerOptions({})
    vi.stubEnv('NODE_ENV', 'production')
    const { toHeader } = createSessionCookie(cookie, toLogger({}))
    const app = new H3().get('/', (event) => toHeader(event, 'ID'))
    expect(await (await app.request('http://localhost/')).text()).toBe(plain)
  })
})

describe('the options of the cookie', () => {
  it('secure: true makes it secure everywhere', async () => {
    expect(await cookieFor('http://localhost:3000/', {}, { secure: true })).toBe(secure)
  })

  it('secure: false makes it plain everywhere, also in production', async () => {
    vi.stubEnv('NODE_ENV', 'production')
    for (const url of ['https://intranet/', 'http://intranet/']) {
      const headers = { 'x-forwarded-proto': 'https', cookie: '__Host-authchart=other' }
      expect(await cookieFor(url, headers, { secure: false })).toBe(plain)
    }
  })

  it("sameSite: 'none' makes it secure everywhere", async () => {
    expect(await cookieFor('http://localhost:3000/', {}, { sameSite: 'none' })).toBe(secure.replace('Lax', 'None'))
  })

  it('partitioned: true adds the attribute and makes it secure everywhere', async () => {
    expect(await cookieFor('http://localhost:3000/', {}, { sameSite: 'none', partitioned: true })).toBe(
      `${secure.replace('Lax', 'None')}; Partitioned`,
    )
  })
})

describe('a plain cookie that may be for other people than the developer', () => {
  /** Returns the codes that are logged when the request gets a cookie twice. */
  async function warningsFor(url: string, headers: Record<string, string> = {}, options: CookieOptions = {}) {
    const lines: unknown[] = []
    const { cookie } = resolveAuthServerOptions({ cookie: options })
    const warn = (...line: unknown[]) => void lines.push(line)
    const { toHeader } = createSessionCookie(cookie, toLogger({ warn }))
    const app = new H3().get('/', (event) => toHeader(event, 'ID'))
    for (let twice = 0; twice < 2; twice += 1) await app.request(url, { headers })
    return lines
  }
  const warning = ['cookie.plain', { name: 'authchart', remedy: expect.stringContaining('NODE_ENV=production') }]

  it.each([
    ['http://192.168.1.20:3000/', {}],
    ['http://app.example.com/', {}],
    ['http://localhost:3000/', { origin: 'https://app.example.com' }],
  ])('causes one warning: %s with %j', async (url, headers) => {
    expect(await warningsFor(url, headers)).toEqual([warning])
  })

  it.each<[string, Record<string, string>, CookieOptions]>([
    ['http://localhost:3000/', { origin: 'http://localhost:5173' }, {}],
    ['http://127.0.0.1:3000/', {}, {}],
    ['http://app.example.com/', { 'x-forwarded-proto': 'https' }, {}],
    ['http://intranet/', { origin: 'http://intranet' }, { secure: false }],
  ])('causes no warning: %s with %j and %j', async (url, headers, options) => {
    expect(await warningsFor(url, headers, options)).toEqual([])
  })
})

describe('the cookie that is read', () => {
  async function startSignedIn(options: CookieOptions = {}) {
    const server = await startServer({ cookie: options })
    const browser = server.browser()
    await browser.token(server.mint())
    const [name, id] = (browser.cookie ?? '').split('=')
    const view = async (cookie: string, headers = {}) =>
      (await server.send('/auth/session', { headers: { cookie, ...headers } })).body.isSignedIn
    const warnings = () => server.lines.filter(([, code]) => code === 'cookie.mixed')
    return { server, name, id, view, warnings }
  }
  const forwarded = { 'x-forwarded-proto': 'https' }

  it('is either one in development over plain http, and only the secure one behind a proxy', async () => {
    const { name, id, view, warnings } = await startSignedIn()
    expect(name).toBe('authchart')
    expect(await view(`authchart=${id}`)).toBe(true)
    expect(await view(`__Host-authchart=${id}`)).toBe(true)
    expect(await view(`__Host-authchart=${id}; authchart=${'A'.repeat(43)}`)).toBe(true)
    expect(await view(`__Host-authchart=${id}`, forwarded)).toBe(true)
    expect(warnings()).toEqual([])
    for (let twice = 0; twice < 2; twice += 1) expect(await view(`authchart=${id}`, forwarded)).toBe(false)
    expect(warnings()).toEqual([
      ['warn', 'cookie.mixed', { name: 'authchart', remedy: expect.stringContaining('cookie.secure') }],
    ])
  })

  it('is only the secure one in production', async () => {
    vi.stubEnv('NODE_ENV', 'production')
    const { name, id, view, warnings } = await startSignedIn()
    expect(name).toBe('__Host-authchart')
    expect(await view(`__Host-authchart=${id}`)).toBe(true)
    expect(await view(`authchart=${id}`)).toBe(false)
    expect(await view(`authchart=${id}`, forwarded)).toBe(false)
    expect(warnings()).toEqual([])
  })

  it('is either one with secure: false', async () => {
    const { name, id, view } = await startSignedIn({ secure: false })
    expect(name).toBe('authchart')
    expect(await view(`authchart=${id}`, forwarded)).toBe(true)
    expect(await view(`__Host-authchart=${id}`, forwarded)).toBe(true)
  })

  it('becomes the secure one if only some requests of a browser pass a proxy', async () => {
    const server = await startServer()
    const jar = new Map<string, string>()
    const ask = async (path: string, headers: Record<string, string>) => {
      const stream = await server.open({ cookie: [...jar].map((pair) => pair.join('=')).join('; '), ...headers }, path)
      const set = stream.headers['set-cookie']?.[0]?.split(';')[0]
      if (set) jar.set(set.slice(0, set.indexOf('=')), set.slice(set.indexOf('=') + 1))
      return (await stream.view()).channel
    }
    await ask('tab1', {})
    const channel = await ask('tab2', forwarded)
    for (const [tab, headers] of [{}, forwarded, {}].entries())
      expect(await ask(`tab${tab + 3}`, headers)).toBe(channel)
    const token = { type: 'token.received', token: server.mint() }
    const signedIn = await server.post(token, { cookie: [...jar].map((pair) => pair.join('=')).join('; ') })
    expect(signedIn.cookie).toMatch(/^__Host-authchart=/)
    expect(signedIn.body.channel).toBe(channel)
  })
})

describe('a cookie among foreign cookies', () => {
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

  it('is found among a thousand others, and after a foreign one of the same name', async () => {
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

  it('gives another cookie when the user changes', async () => {
    const server = await startServer()
    const browser = server.browser()
    const first = (await browser.token(server.mint())).cookie
    const { cookie, body } = await browser.token(server.mint({ sub: 'user_b', sid: 'sess_b', o: { id: 'org_b' } }))
    expect(cookie).toBeDefined()
    expect(cookie).not.toBe(first)
    expect(body).toMatchObject({ userId: 'user_b', sessionId: 'sess_b', orgId: 'org_b' })
  })

  it('gives another cookie when the same user comes with another Clerk session, and makes the old one read nothing', async () => {
    const server = await startServer()
    const browser = server.browser()
    const first = (await browser.token(server.mint())).cookie ?? ''
    const stolen = await server.open({ cookie: first })
    expect((await stolen.view()).sessionId).toBe('sess_a')
    const { cookie, body } = await browser.token(server.mint({ sid: 'sess_2' }))
    expect(body).toMatchObject({ userId: 'user_a', sessionId: 'sess_2' })
    expect(cookie).toBeDefined()
    expect(cookie).not.toBe(first)
    await stolen.ended
    expect(stolen.text()).toContain('"reason":"rotated"')
    expect(stolen.text()).not.toContain('sess_2')
    expect((await server.send('/auth/session', { headers: { cookie: first } })).body.isSignedIn).toBe(false)
    const late = await server.post({ type: 'token.received', token: server.mint() }, { cookie: first })
    expect([late.status, late.body.code, late.cookie]).toEqual([503, 'session-rotated', undefined])
  })

  it('keeps the channel, so that a page recognises its session', async () => {
    const server = await startServer()
    const browser = server.browser()
    const { channel } = await (await browser.open()).view()
    expect((await browser.token(server.mint())).body.channel).toBe(channel)
    expect((await (await browser.open()).view()).channel).toBe(channel)
  })

  it('ends the streams of other tabs before they show anything, and keeps the posting one', async () => {
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

  it('also ends a stream without a tab, which may belong to an attacker who planted the cookie', async () => {
    const server = await startServer()
    const browser = server.browser()
    await browser.open()
    const planted = await server.open({ cookie: browser.cookie ?? '' })
    await browser.token(server.mint())
    await planted.ended
    expect(planted.text()).not.toContain('user_a')
  })

  it('makes the old cookie read nothing', async () => {
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

  it('answers a late POST with the old cookie and a token of the same Clerk session, and gives the current cookie', async () => {
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
  ])('refuses a POST with the old cookie and %s', async (_, claims) => {
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

  it('does not sign out with the old cookie', async () => {
    const server = await startServer()
    const browser = server.browser()
    await browser.open()
    const old = browser.cookie ?? ''
    await browser.token(server.mint())
    expect((await server.post({ type: 'session.cleared' }, { cookie: old })).status).toBe(503)
    expect((await browser.session()).body.isSignedIn).toBe(true)
  })
})
