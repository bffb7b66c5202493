import { describe, expect, it, vi } from 'vitest'
import { createMemorySessionStore, type Tombstone } from '../../adapters/h3/index.ts'
import { eventually, startServer, useVirtualTime, type TestServer } from './harness.ts'

const userB = { sub: 'user_b', sid: 'sess_b' }
/** How long a session counts as in use after a request for it, ms. */
const recentFor = 30_000

/** Signs in without a cookie, and sends one more request with the new cookie. */
async function signIn(server: TestServer, claims: object = {}) {
  const browser = server.browser()
  const answer = await browser.token(server.mint(claims))
  if (answer.status === 200) await browser.session()
  return { browser, answer }
}

const isSignedIn = async ({ browser }: Awaited<ReturnType<typeof signIn>>) => (await browser.session()).body.isSignedIn

describe('the number of sessions of one Clerk session', () => {
  it('is sixteen, however often its token is posted without a cookie', async () => {
    const server = await startServer()
    const token = server.mint()
    for (let post = 0; post < 200; post += 1) expect((await server.browser().token(token)).status).toBe(200)
    expect(server.auth.stats()).toMatchObject({ sessions: 16, signedIn: 16 })
  })

  it('is sixteen if the posts come at once, and the others get 429', async () => {
    const server = await startServer()
    const token = server.mint()
    const answers = await Promise.all(Array.from({ length: 100 }, () => server.browser().token(token)))
    expect(server.auth.stats().sessions).toBe(16)
    const refused = answers.filter(({ status }) => status !== 200)
    for (const { status, body } of refused) expect([status, body.code]).toEqual([429, 'too-many-sessions'])
  })

  it('is sixteen if each post comes with the cookie of a stream', async () => {
    const server = await startServer()
    const browsers = Array.from({ length: 20 }, () => server.browser())
    for (const browser of browsers) await browser.open()
    const answers = await Promise.all(browsers.map((browser) => browser.token(server.mint())))
    expect(answers.filter(({ status }) => status === 200).length).toBe(16)
    expect(server.auth.stats()).toMatchObject({ sessions: 20, signedIn: 16 })
  })

  it('keeps no other user out when it is reached', async () => {
    const server = await startServer({ limits: { sessions: 20 } })
    const token = server.mint()
    for (let post = 0; post < 60; post += 1) {
      const thief = server.browser()
      if ((await thief.token(token)).status === 200) await thief.session()
    }
    for (let user = 0; user < 4; user += 1) {
      expect((await signIn(server, { sub: `user_${user}`, sid: `sess_${user}` })).answer.status).toBe(200)
    }
  })

  it('counts no request that is judged only by its Bearer token', async () => {
    const server = await startServer({ limits: { sessionsPerClerkSession: 1 } }, (app, auth) => {
      app.use('/api', auth.requireAuth())
      app.get('/api', () => 'in')
    })
    await (await signIn(server)).browser.open()
    const headers = { authorization: `Bearer ${server.mint()}` }
    for (let ask = 0; ask < 3; ask += 1) expect((await server.send('/api', { headers })).status).toBe(200)
  })
})

describe('a limit that is reached', () => {
  const limits = { sessionsPerUser: 2 }

  it('ends the session with the oldest last request, and calls the listeners', async () => {
    useVirtualTime()
    const server = await startServer({ limits })
    const ended: string[] = []
    server.auth.onAuthChange(({ reason, previous }) => void (previous.isSignedIn && ended.push(reason)))
    const first = await signIn(server, { sid: 'sess_1' })
    const second = await signIn(server, { sid: 'sess_2' })
    await vi.advanceTimersByTimeAsync(1_000)
    await first.browser.session()
    await vi.advanceTimersByTimeAsync(recentFor)
    const third = await signIn(server, { sid: 'sess_3' })
    expect(await Promise.all([first, second, third].map(isSignedIn))).toEqual([true, false, true])
    expect(ended).toEqual(['expired'])
  })

  it('ends no session with a stream or a recent request, and answers the new one 429 with a code and a time', async () => {
    useVirtualTime()
    const server = await startServer({ limits })
    const first = await signIn(server, { sid: 'sess_1' })
    await first.browser.open()
    const second = await signIn(server, { sid: 'sess_2' })
    const { answer, browser } = await signIn(server, { sid: 'sess_3' })
    expect([answer.status, answer.body.code, answer.body.retryable]).toEqual([429, 'too-many-sessions', true])
    expect(answer.headers.get('retry-after')).toBe('30')
    expect(answer.cookie).toBeUndefined()
    expect(await Promise.all([first, second].map(isSignedIn))).toEqual([true, true])
    expect((await signIn(server, userB)).answer.status).toBe(200)
    await vi.advanceTimersByTimeAsync(recentFor)
    expect((await browser.token(server.mint({ sid: 'sess_3' }))).status).toBe(200)
    expect(await Promise.all([first, second].map(isSignedIn))).toEqual([true, false])
  })

  it('ends no session for a token that has been signed out', async () => {
    useVirtualTime()
    const server = await startServer({ limits })
    const gone = server.mint({ sid: 'sess_0' })
    const { browser } = await signIn(server, { sid: 'sess_0' })
    await browser.clear()
    const browsers = [await signIn(server, { sid: 'sess_1' }), await signIn(server, { sid: 'sess_2' })]
    await vi.advanceTimersByTimeAsync(recentFor)
    expect((await server.browser().token(gone)).body.code).toBe('token-superseded')
    expect(await Promise.all(browsers.map(isSignedIn))).toEqual([true, true])
  })

  it('ends no session whose signal guards a feed of the app', async () => {
    useVirtualTime()
    const server = await startServer({ limits }, (app, auth) => {
      app.get('/feed', (event) => auth.signal(event).aborted)
      app.get('/admins', (event) => auth.signal(event, { impersonation: false }).aborted)
    })
    const browsers = [await signIn(server, { sid: 'sess_1' }), await signIn(server, { sid: 'sess_2' })]
    await browsers[0]!.browser.get('/feed')
    await browsers[1]!.browser.get('/admins')
    await vi.advanceTimersByTimeAsync(recentFor)
    expect((await signIn(server, { sid: 'sess_3' })).answer.body.code).toBe('too-many-sessions')
    expect(await Promise.all(browsers.map(isSignedIn))).toEqual([true, true])
  })

  it('refuses no renewal, and no other Clerk session of a user on the same cookie', async () => {
    const server = await startServer({ limits: { sessionsPerClerkSession: 1, sessionsPerUser: 1 } })
    const { browser } = await signIn(server, { sid: 'sess_1' })
    await browser.open()
    expect((await browser.token(server.mint({ sid: 'sess_1' }))).status).toBe(200)
    expect((await browser.token(server.mint({ sid: 'sess_2' }))).body).toMatchObject({
      isSignedIn: true,
      sessionId: 'sess_2',
    })
  })

  it('leaves a stream unchanged and without an error if it refuses its token', async () => {
    const server = await startServer({ limits: { sessionsPerClerkSession: 1 } })
    await (await signIn(server)).browser.open()
    const stream = await server.open({ authorization: `Bearer ${server.mint()}` })
    expect(await stream.view()).toMatchObject({ state: 'unchecked', isSignedIn: false, error: null })
  })

  it('leaves a session unchanged that another token still proves', async () => {
    const server = await startServer({ limits: { sessionsPerClerkSession: 1 } })
    await (await signIn(server)).browser.open()
    const other = await signIn(server, userB)
    const { status, body } = await other.browser.token(server.mint())
    expect([status, body.code, body.view?.userId]).toEqual([429, 'too-many-sessions', 'user_b'])
  })
})

describe('a full server', () => {
  it('ends the signed-in session with the oldest last request for a new sign-in if no session is anonymous', async () => {
    useVirtualTime()
    const server = await startServer({ limits: { sessions: 3 } })
    const read = await signIn(server, { sub: 'user_1', sid: 'sess_1' })
    await read.browser.open()
    const left = await signIn(server, { sub: 'user_2', sid: 'sess_2' })
    await vi.advanceTimersByTimeAsync(recentFor)
    const asked = await signIn(server, { sub: 'user_3', sid: 'sess_3' })
    expect((await signIn(server, { sub: 'user_4', sid: 'sess_4' })).answer.status).toBe(200)
    expect(await Promise.all([read, left, asked].map(isSignedIn))).toEqual([true, false, true])
    expect((await server.open()).status).toBe(503)
  })
})

describe('the number of sessions of one address', () => {
  const options = {
    limits: { sessionsPerAddress: 2 },
    clientAddress: ({ req }: { req: Request }) => req.headers.get('x-real-ip') ?? undefined,
  }
  const from = (address: string) => ({ 'x-real-ip': address })

  it('follows the option, for streams and tokens, and counts an IPv6 /64 network as one address', async () => {
    const server = await startServer(options)
    const [one, two] = ['2001:db8::1', '2001:db8:0:0:ffff::2'].map(from)
    expect((await server.open(one)).status).toBe(200)
    const second = await server.open(two)
    expect(second.status).toBe(200)
    const token = { type: 'token.received', token: server.mint() }
    expect((await server.send('/auth/events', { headers: one! })).body.code).toBe('too-many-sessions')
    // A sign-in takes the place of an anonymous session, and no other session is let in.
    expect((await server.post(token, one)).status).toBe(200)
    await eventually(() => server.auth.stats().streams === 1, 'the end of the oldest stream')
    expect((await server.post(token, from('2001:db8:0:1::1'))).status).toBe(200)
    expect((await server.post(token, from('::ffff:192.0.2.1'))).status).toBe(200)
    expect((await server.post(token, from('192.0.2.1'))).status).toBe(200)
    // This is the oldest session that nobody reads, and its browser does not come back.
    expect((await server.post(token, from('192.0.2.1'))).status).toBe(200)
    expect(server.auth.stats().sessions).toBe(5)
    second.close()
    await eventually(() => server.auth.stats().streams === 0, 'the end of a stream')
    expect((await server.post(token, one)).status).toBe(200)
  })

  it('takes no place from another address if the full server refuses the session', async () => {
    const server = await startServer({ ...options, limits: { sessions: 3, sessionsPerAddress: 2 } })
    const left = await server.open(from('192.0.2.9'))
    for (let stream = 0; stream < 2; stream += 1) await server.open(from('192.0.2.1'))
    left.close()
    await eventually(() => server.auth.stats().streams === 2, 'the end of a stream')
    expect((await server.send('/auth/events', { headers: from('192.0.2.1') })).body.code).toBe('too-many-sessions')
    expect(server.auth.stats().sessions).toBe(3)
  })

  it('needs a function that gives the address', () => {
    const unknown = startServer({ limits: { sessionsPerAddress: 2 } })
    return expect(unknown).rejects.toThrow(/limits\.sessionsPerAddress needs clientAddress/)
  })
})

it('many sessions of one Clerk session are signed out with one tombstone', async () => {
  const store = createMemorySessionStore()
  const tombstones: Tombstone[] = []
  store.watch((change) => void (change.type === 'tombstone' && tombstones.push(change.tombstone)))
  const server = await startServer({ store, limits: { sessionsPerClerkSession: 200, sessionsPerUser: 200 } })
  const browsers = Array.from({ length: 200 }, () => server.browser())
  const token = server.mint()
  for (const browser of browsers) await browser.token(token)
  const answers = await Promise.all(browsers.map((browser) => browser.clear({ sessionId: 'sess_a' })))
  expect(new Set(answers.map(({ status, body }) => `${status} ${body.state}`))).toEqual(new Set(['200 signedOut']))
  for (const browser of browsers) expect((await browser.clear({ sessionId: 'sess_a' })).status).toBe(200)
  expect(tombstones.length).toBe(1)
})
