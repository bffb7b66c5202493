import { describe, expect, it, vi } from 'vitest'
import { createMemorySessionStore, type SessionStore } from '../../adapters/h3/index.ts'
import { eventually, startServer, useVirtualTime, virtualEpoch, type TestServer } from './harness.ts'

const issuer = 'https://clerk.example.test'

/** Starts a server whose checks wait until the test releases them, in the order of the requests. */
async function startHeld(options: Parameters<typeof startServer>[0] = {}) {
  const checks: { sid: unknown; pass: () => void }[] = []
  const server = await startServer({
    ...options,
    claims: {
      issuer,
      validate: ({ sid }) => new Promise<void>((resolve) => void checks.push({ sid, pass: resolve })),
    },
  })
  const inTheAir = (count: number) => eventually(() => checks.length >= count, `check ${count}`)
  return { server, checks, inTheAir }
}

describe('a token of a session that was signed out', () => {
  it('is refused in the same browser and in any other', async () => {
    const server = await startServer()
    const browser = server.browser()
    const token = server.mint()
    await browser.token(token)
    await browser.clear()
    for (const replaying of [browser, server.browser(), server.browser('thief')]) {
      const { status, body } = await replaying.token(token)
      expect([status, body.code, body.retryable]).toEqual([401, 'token-superseded', true])
      expect(body.view?.isSignedIn).toBe(false)
    }
  })

  it('is refused if it was minted before the sign-out and never seen', async () => {
    const server = await startServer()
    const browser = server.browser()
    await browser.token(server.mint())
    const unseen = server.mint({ jti: 'unseen' })
    await browser.clear()
    expect((await server.browser().token(unseen)).body.code).toBe('token-superseded')
  })

  it('is accepted again if it was minted a second after the sign-out or later', async () => {
    useVirtualTime()
    const server = await startServer()
    const browser = server.browser()
    await browser.token(server.mint())
    vi.setSystemTime(virtualEpoch + 700)
    await browser.clear()
    vi.setSystemTime(virtualEpoch + 999)
    expect((await browser.token(server.mint())).body.code).toBe('token-superseded')
    vi.setSystemTime(virtualEpoch + 1_000)
    expect((await browser.token(server.mint())).body.isSignedIn).toBe(true)
  })

  it("is refused even if Clerk's clock is ahead of the server's", async () => {
    useVirtualTime()
    const server = await startServer()
    const browser = server.browser()
    const iat = virtualEpoch / 1_000 + 30
    const token = server.mint({ iat, exp: iat + 60 })
    await browser.token(token)
    await browser.clear()
    expect((await browser.token(token)).body.code).toBe('token-superseded')
    expect((await browser.token(server.mint({ iat: iat + 1, exp: iat + 61 }))).body.isSignedIn).toBe(true)
  })

  it('is refused even if the session had expired here before it was signed out', async () => {
    useVirtualTime()
    const server = await startServer()
    const browser = server.browser()
    await browser.open()
    await browser.token(server.mint())
    await vi.advanceTimersByTimeAsync(121_000)
    const unseen = server.mint()
    expect((await browser.session()).body).toMatchObject({ state: 'signedOut' })
    await browser.clear()
    expect((await server.browser().token(unseen)).body.code).toBe('token-superseded')
  })

  it('does not keep another session of the same user out', async () => {
    const server = await startServer()
    const browser = server.browser()
    await browser.token(server.mint())
    await browser.clear()
    expect((await browser.token(server.mint({ sid: 'sess_new' }))).body.isSignedIn).toBe(true)
  })

  it('ends the same Clerk session in another server session too', async () => {
    const server = await startServer()
    const [one, two] = [server.browser(), server.browser()]
    await one.token(server.mint())
    await two.token(server.mint())
    const stream = await two.open()
    await one.clear()
    expect((await stream.viewWhere(({ isSignedIn }) => !isSignedIn)).state).toBe('signedOut')
  })
})

describe('a sign-out during the check of a token', () => {
  it('wins, and the token stays refused, although its session was unknown at the time', async () => {
    const { server, checks, inTheAir } = await startHeld()
    const browser = server.browser()
    await browser.open()
    const token = server.mint()
    const posted = browser.token(token)
    await inTheAir(1)
    const cleared = browser.clear()
    expect((await posted).body).toMatchObject({ code: 'token-superseded', view: { state: 'signedOut' } })
    await inTheAir(2)
    for (const { pass } of checks) pass()
    expect((await cleared).status).toBe(200)
    const replayed = server.browser().token(token)
    await inTheAir(3)
    checks[2]?.pass()
    expect((await replayed).body.code).toBe('token-superseded')
  })

  it('makes later tokens of that browser wait until the session is known', async () => {
    const { server, checks, inTheAir } = await startHeld()
    const browser = server.browser()
    await browser.open()
    const posted = browser.token(server.mint())
    await inTheAir(1)
    const cleared = browser.clear()
    await inTheAir(2)
    const again = browser.token(server.mint({ jti: 'later' }))
    await posted
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(checks).toHaveLength(2)
    checks[1]?.pass()
    await cleared
    await inTheAir(3)
    checks[2]?.pass()
    expect((await again).body.code).toBe('token-superseded')
  })

  it('keeps a session that it did not name', async () => {
    const { server, checks, inTheAir } = await startHeld()
    const browser = server.browser()
    await browser.open()
    const token = server.mint({ sid: 'sess_next' })
    const posted = browser.token(token)
    await inTheAir(1)
    const cleared = browser.clear({ sessionId: 'sess_before' })
    await posted
    await inTheAir(2)
    checks[1]?.pass()
    expect((await cleared).status).toBe(200)
    const again = browser.token(token)
    await inTheAir(3)
    checks[2]?.pass()
    expect((await again).body.isSignedIn).toBe(true)
  })

  it('is not acknowledged while its session cannot be determined', async () => {
    useVirtualTime()
    let status = 500
    const keys = await startServer({}, (app) => app.get('/jwks', () => new Response(null, { status })))
    const server = await startServer({ keys: { jwksUrl: `${keys.url}/jwks` } })
    const browser = server.browser()
    await browser.open()
    await browser.token(server.mint())
    const cleared = browser.clear()
    await eventually(async () => (await browser.session()).body.state === 'signedOut', 'the local sign-out')
    await vi.advanceTimersByTimeAsync(5_000)
    const answer = await cleared
    expect([answer.status, answer.body.view?.state]).toEqual([503, 'signedOut'])
    status = 200
  })
})

describe('a store that is down', () => {
  /** Creates a memory store whose methods can be made to fail. */
  function createFragileStore() {
    const store = createMemorySessionStore()
    const down = new Set<keyof SessionStore>()
    const guard = <Name extends 'read' | 'write' | 'rotate' | 'remove'>(name: Name) =>
      ((...input: never[]) =>
        down.has(name)
          ? Promise.reject(new Error(`${name} failed`))
          : (store[name] as (...input: never[]) => unknown)(...input)) as SessionStore[Name]
    const fragile: SessionStore = {
      ...store,
      read: guard('read'),
      write: guard('write'),
      rotate: guard('rotate'),
      remove: guard('remove'),
      // The contract says that the store's own copy has the tombstone, even if the write fails.
      addTombstone: async (tombstone) => {
        await store.addTombstone(tombstone)
        if (down.has('addTombstone')) throw new Error('addTombstone failed')
      },
    }
    return { fragile, down }
  }

  it('lets a sign-out take effect here at once, answers 503 until it is stored, and keeps trying', async () => {
    useVirtualTime()
    const { fragile, down } = createFragileStore()
    const addTombstone = vi.spyOn(fragile, 'addTombstone')
    const server = await startServer({ store: fragile })
    const browser = server.browser()
    const token = server.mint()
    await browser.token(token)
    down.add('addTombstone')
    const { status, headers, body } = await browser.clear()
    expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'store-unavailable', '1'])
    expect(body.view).toMatchObject({ state: 'signedOut', isSignedIn: false })
    expect((await browser.token(token)).body.code).toBe('token-superseded')
    const tried = addTombstone.mock.calls.length
    await vi.advanceTimersByTimeAsync(1_000)
    expect(addTombstone.mock.calls.length).toBe(tried + 1)
    down.clear()
    await vi.advanceTimersByTimeAsync(2_000)
    const stored = addTombstone.mock.calls.length
    await vi.advanceTimersByTimeAsync(60_000)
    expect(addTombstone.mock.calls.length).toBe(stored)
    expect((await browser.clear()).status).toBe(200)
  })

  it.each([
    ['with the first request of a browser', false],
    ['of a browser that reads its stream, as every client does', true],
  ])('signs in here, but acknowledges it only after storing it: %s', async (_, isOpen) => {
    const { fragile, down } = createFragileStore()
    const server = await startServer({ store: fragile })
    const browser = server.browser()
    if (isOpen) await browser.open()
    down.add('write').add('rotate')
    const { status, body } = await browser.token(server.mint())
    expect([status, body.code, body.view?.isSignedIn]).toEqual([503, 'store-unavailable', true])
    expect((await browser.session()).body.isSignedIn).toBe(true)
    expect(server.lines).toContainEqual(['error', 'store.failed', expect.objectContaining({ method: 'write' })])
    down.clear()
    expect((await browser.token(server.mint())).status).toBe(200)
  })

  it('never treats an unreadable session as signed out', async () => {
    const { fragile, down } = createFragileStore()
    const server = await startServer({ store: fragile })
    down.add('read')
    const cookie = `authchart=${'C'.repeat(43)}`
    for (const path of ['/auth/events', '/auth/session']) {
      const { status, body, cookie: set } = await server.send(path, { headers: { cookie } })
      expect([status, body.code, set]).toEqual([503, 'store-unavailable', undefined])
    }
  })
})

describe('two nodes on one store', () => {
  async function startNodes(): Promise<[TestServer, TestServer]> {
    const store = createMemorySessionStore()
    return [await startServer({ store }), await startServer({ store })]
  }
  const session = async (node: TestServer, cookie = '') =>
    (await node.send('/auth/session', { headers: { cookie } })).body

  it('share a session, its channel and its revisions', async () => {
    const [a, b] = await startNodes()
    const browser = a.browser()
    const { body } = await browser.token(a.mint())
    expect(await session(b, browser.cookie)).toMatchObject({
      channel: body.channel,
      isSignedIn: true,
      userId: 'user_a',
      claims: body.claims,
    })
  })

  it("follow each other's sign-ins, renewals and sign-outs", async () => {
    const [a, b] = await startNodes()
    const browser = a.browser()
    await browser.token(a.mint())
    const stream = await b.open({ cookie: browser.cookie ?? '' })
    expect((await stream.view()).isSignedIn).toBe(true)
    await browser.token(a.mint({ o: { id: 'org_2' } }))
    expect(await stream.viewWhere(({ orgId }) => orgId === 'org_2')).toMatchObject({ isSignedIn: true })
    await browser.clear()
    await stream.viewWhere(({ state }) => state === 'signedOut')
  })

  it('refuse a token that was signed out on the other', async () => {
    const [a, b] = await startNodes()
    const browser = a.browser()
    const token = a.mint()
    await browser.token(token)
    await browser.clear()
    expect((await b.browser().token(token)).body.code).toBe('token-superseded')
  })

  it('both retire a rotated cookie, with the streams that came with it', async () => {
    const [a, b] = await startNodes()
    const browser = a.browser()
    await browser.token(a.mint())
    const old = browser.cookie ?? ''
    const stream = await b.open({ cookie: old })
    await stream.view()
    const { cookie } = await browser.token(a.mint({ sub: 'user_b', sid: 'sess_b' }))
    await stream.ended
    expect(stream.text()).toContain('"reason":"rotated"')
    expect((await b.send('/auth/events', { headers: { cookie: old } })).status).toBe(503)
    expect((await session(b, cookie)).userId).toBe('user_b')
  })

  it('accept a late POST with the old cookie on the node that does not know the new one', async () => {
    const [a, b] = await startNodes()
    const browser = a.browser()
    await browser.token(a.mint())
    const old = browser.cookie ?? ''
    await browser.token(a.mint({ sub: 'user_b', sid: 'sess_b' }))
    const late = await b.post(
      { type: 'token.received', token: b.mint({ sub: 'user_b', sid: 'sess_b' }) },
      { cookie: old },
    )
    expect([late.status, late.body.userId]).toEqual([200, 'user_b'])
    expect((await session(a, late.cookie)).userId).toBe('user_b')
  })

  it('report a change of identity on the deciding node, and on the other if the listener asks for it', async () => {
    const [a, b] = await startNodes()
    const heard: string[] = []
    const browser = a.browser()
    await browser.token(a.mint())
    const stream = await b.open({ cookie: browser.cookie ?? '' })
    await stream.view()
    a.auth.onAuthChange(({ reason }) => heard.push(`a ${reason}`))
    b.auth.onAuthChange(({ reason }) => heard.push(`b ${reason}`))
    b.auth.onAuthChange(({ reason }) => heard.push(`b too ${reason}`), { adopted: true })
    await browser.token(a.mint({ sub: 'user_b', sid: 'sess_b' }))
    expect(heard).toEqual(['b too adopted', 'a token'])
  })

  it('agree on one user when both decide at once, and both report it', async () => {
    const [a, b] = await startNodes()
    const browser = a.browser()
    await browser.token(a.mint())
    const cookie = browser.cookie ?? ''
    await session(b, cookie)
    const iat = Math.floor(Date.now() / 1_000)
    await Promise.all([
      a.post({ type: 'token.received', token: a.mint({ iat, o: { id: 'org_a' } }) }, { cookie }),
      b.post({ type: 'token.received', token: b.mint({ iat: iat + 1, o: { id: 'org_b' } }) }, { cookie }),
    ])
    expect((await session(a, cookie)).orgId).toBe('org_b')
    expect((await session(b, cookie)).orgId).toBe('org_b')
  })
})
