import { afterEach, describe, expect, it, vi } from 'vitest'
import { startWithClerk } from './clerk-harness.ts'
import { startServer, useVirtualTime, type TestServer } from './harness.ts'
import { createSigner } from './session-tokens.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

const issuer = 'https://clerk.example.test'
const party = 'https://app.example.com'
const other = 'https://other.example.com'
const claims = { issuer, authorizedParties: [party] }

const linesOf = ({ lines }: TestServer, code: string) =>
  lines.filter(([, written]) => written === code).map(([level, , details]) => [level, details])

describe('a token that is refused for its party', () => {
  it('names the option that helps in the answer, in the view and on the stream', async () => {
    const server = await startServer({ claims })
    const browser = server.browser()
    const stream = await browser.open()
    const { status, body } = await browser.token(server.mint({ azp: other }))
    const message = `The claim azp of the token is not allowed: list the origin of the page in claims.authorizedParties (found ${other}; expected ${party})`
    expect([status, body.code, body.detail, body.view?.error?.message]).toEqual([401, 'token-claims', message, message])
    const shown = await stream.viewWhere(({ error }) => error !== null)
    expect(shown.error).toEqual({ code: 'token-claims', message, retryable: false })
  })

  it('shows no value to a browser in production, and both values in the log', async () => {
    vi.stubEnv('NODE_ENV', 'production')
    const server = await startServer({ claims })
    const browser = server.browser()
    const stream = await browser.open()
    const answer = JSON.stringify((await browser.token(server.mint({ azp: other }))).body)
    expect(answer).toContain('claims.authorizedParties')
    await stream.viewWhere(({ error }) => error !== null)
    for (const text of [answer, stream.text()]) expect(text).not.toMatch(/app\.example\.com|other\.example\.com/)
    expect(linesOf(server, 'token.refused')).toEqual([
      ['warn', { code: 'token-claims', claim: 'azp', found: other, expected: [party], remedy: expect.any(String) }],
    ])
  })

  it("sends the browser none of the log's details under their own names", async () => {
    const server = await startServer({ claims })
    const { body } = await server.browser().token(server.mint({ iss: other }))
    expect(Object.keys(body)).not.toContain('refusal')
    expect(Object.keys(body.view?.error ?? {})).toEqual(['code', 'message', 'retryable'])
  })

  it('is also logged if a request carries it', async () => {
    const server = await startServer({ claims }, (app, auth) => app.use('/api/**', auth.requireAuth()))
    const carried = { authorization: `Bearer ${server.mint({ azp: other })}` }
    expect((await server.send('/api/me', { headers: carried })).status).toBe(401)
    await server.open(carried)
    expect(linesOf(server, 'token.refused')).toHaveLength(1)
  })
})

describe('a token that the machine refuses although it verified', () => {
  it('is logged as information, once a minute', async () => {
    useVirtualTime()
    const server = await startServer({ claims: { issuer } })
    const token = server.mint()
    const browser = server.browser()
    await browser.token(token)
    await browser.clear()
    for (let each = 0; each < 10; each += 1) await server.browser().token(token)
    expect(linesOf(server, 'token.refused')).toEqual([['info', { code: 'token-superseded' }]])
    await vi.advanceTimersByTimeAsync(60_000)
    await server.browser().token(token)
    expect(linesOf(server, 'token.refused').at(-1)).toEqual(['info', { code: 'token-superseded', unsaid: 9 }])
  })
})

describe('keys of two Clerk instances', () => {
  it('that do not match are named in the log, and the page gets advice', async () => {
    const { server } = await startWithClerk()
    const foreign = createSigner('ins_foreign')
    const { status, body } = await server.browser().token(foreign.mint({ iss: issuer, azp: 'http://localhost:3000' }))
    expect([status, body.code]).toEqual([401, 'key-not-found'])
    expect(body.detail).toContain('check CLERK_SECRET_KEY and CLERK_PUBLISHABLE_KEY')
    expect(linesOf(server, 'token.refused')).toEqual([
      ['warn', { code: 'key-not-found', claim: 'kid', kid: 'ins_foreign', remedy: expect.any(String) }],
    ])
  })
})

describe('a server whose clock is five minutes off', () => {
  it.each([
    [5, 'token-expired', 'ahead', "The token has expired: the server's clock seems to be 300 s ahead of Clerk's"],
    [
      -5,
      'token-not-active',
      'behind',
      "The token is not active yet: the server's clock seems to be 300 s behind Clerk's",
    ],
  ])('%i min: says so at the first token, also in production', async (minutes, code, direction, detail) => {
    useVirtualTime()
    vi.stubEnv('NODE_ENV', 'production')
    const { server, mint } = await startWithClerk({ clock: () => Date.now() + minutes * 60_000 })
    const browser = server.browser()
    const stream = await browser.open()
    for (let each = 0; each < 3; each += 1) {
      const { status, body } = await browser.token(mint())
      expect([status, body.code, body.detail, body.retryable]).toEqual([401, code, detail, true])
    }
    expect((await stream.viewWhere(({ error }) => error !== null)).error?.message).toBe(detail)
    expect(linesOf(server, 'clock.skewed')).toEqual([
      ['warn', { seconds: 300, direction, remedy: expect.stringContaining('NTP') }],
    ])
    expect(linesOf(server, 'token.refused')).toMatchObject([['info', { code, skew: minutes * 60 }]])
  })
})

describe('the debug log shows what happens', () => {
  const codes = ({ lines }: TestServer) => lines.filter(([level]) => level === 'debug').map(([, code]) => code)

  it('at a sign-in and a sign-out', async () => {
    const server = await startServer({ claims: { issuer }, loadUser: async (id) => ({ ...profile, id }) })
    const browser = server.browser()
    const stream = await browser.open()
    await browser.token(server.mint())
    await stream.viewWhere(({ user }) => user !== null)
    await browser.clear()
    const wanted = ['token.accepted', 'session.changed', 'user.loaded', 'session.clearing', 'user.cleared']
    expect(codes(server).filter((code, at, all) => wanted.includes(String(code)) && all.indexOf(code) === at)).toEqual(
      wanted,
    )
  })

  it('during a wait for a verdict: the start, the end, the timeout, or nothing to wait for', async () => {
    const server = await startServer({ claims: { issuer }, authWaitTimeout: 20 }, (app, auth) => {
      app.get('/who', (event) => auth.whenChecked(event))
    })
    const browser = server.browser()
    await browser.get('/who')
    await browser.open()
    await browser.get('/who')
    await browser.token(server.mint())
    await browser.get('/who')
    expect(codes(server).filter((code) => String(code).startsWith('check.'))).toEqual([
      'check.awaited',
      'check.unasked',
      'check.awaited',
      'check.timedOut',
      'check.awaited',
      'check.completed',
    ])
  })
})

const profile = { firstName: 'Ada', lastName: null, username: null, emailAddress: null, hasImage: false, imageUrl: '' }
