import { describe, expect, it, vi } from 'vitest'
import { eventually, startServer, useVirtualTime } from './harness.ts'

const issuer = 'https://clerk.example.test'

describe('the limits', () => {
  it('answer 429 to one request too many in a minute, with the time until the next', async () => {
    useVirtualTime()
    const server = await startServer({ limits: { requestsPerSession: 6 } })
    const browser = server.browser()
    await browser.open()
    const token = server.mint()
    for (let request = 0; request < 6; request += 1) expect((await browser.token(token)).status).toBe(200)
    const { status, headers, body } = await browser.token(token)
    expect([status, body.code, headers.get('retry-after')]).toEqual([429, 'too-many-requests', '10'])
    expect((await browser.clear()).status).toBe(429)
    await vi.advanceTimersByTimeAsync(10_000)
    expect((await browser.token(token)).status).toBe(200)
    expect((await browser.token(token)).status).toBe(429)
    expect((await server.browser().token(token)).status).toBe(200)
  })

  it('answer 429 to the sixth token that is checked at once', async () => {
    const checks: (() => void)[] = []
    const server = await startServer({
      claims: { issuer, validate: () => new Promise<void>((resolve) => void checks.push(resolve)) },
    })
    const browser = server.browser()
    await browser.open()
    const cookie = browser.cookie ?? ''
    const post = () => server.post({ type: 'token.received', token: server.mint() }, { cookie })
    const first = post()
    await eventually(() => checks.length === 1, 'the first check')
    const rest = Array.from({ length: 5 }, post)
    const refused = await Promise.race(rest)
    expect([refused.status, refused.body.code]).toEqual([429, 'too-many-requests'])
    for (let check = 0; check < 5; check += 1) {
      await eventually(() => checks.length > check, `check ${check}`)
      checks[check]?.()
    }
    const answers = await Promise.all([first, ...rest])
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 200, 200, 200, 429])
  })

  it('apply to the streams of one session', async () => {
    const server = await startServer({ limits: { streamsPerSession: 2 } })
    const browser = server.browser()
    const first = await browser.open()
    await browser.open({}, 'tab2')
    const third = await browser.open({}, 'tab3')
    expect([third.status, third.headers['retry-after']]).toEqual([429, '5'])
    first.close()
    await eventually(() => server.auth.stats().streams === 1, 'the end of a stream')
    expect((await browser.open({}, 'tab3')).status).toBe(200)
  })

  it('apply to the streams of one session that are requested at once, while their tokens are checked', async () => {
    const checks: ((verdict: boolean) => void)[] = []
    const server = await startServer({
      limits: { streamsPerSession: 2 },
      claims: { validate: () => new Promise<boolean>((resolve) => void checks.push(resolve)) },
    })
    const browser = server.browser()
    await browser.open()
    const headers = { cookie: browser.cookie ?? '', authorization: `Bearer ${server.mint()}` }
    const opening = Array.from({ length: 5 }, (_, tab) => server.open(headers, `tab${tab + 2}`))
    await eventually(() => checks.length === 5, 'the checks')
    for (const refuse of checks) refuse(false)
    const streams = await Promise.all(opening)
    expect(server.auth.stats().streams).toBe(2)
    const toEnded = () => streams.filter((stream) => stream.text().includes('"reason":"closing"'))
    await eventually(() => toEnded().length >= 4, 'the goodbyes')
    expect(toEnded().length).toBe(4)
  })

  it('end anonymous sessions without a stream first, and those with a stream for a sign-in', async () => {
    const server = await startServer({ limits: { sessions: 2 } })
    const idle = await server.open()
    const read = await server.open()
    const full = await server.send('/auth/events')
    expect([full.status, full.body.code, full.cookie]).toEqual([503, 'at-capacity', undefined])
    idle.close()
    await eventually(() => server.auth.stats().streams === 1, 'the end of a stream')
    expect((await server.open()).status).toBe(200)
    const one = server.browser()
    const two = server.browser()
    expect((await one.token(server.mint())).status).toBe(200)
    expect((await one.session()).body.isSignedIn).toBe(true)
    await read.ended
    expect(read.text()).toContain('"reason":"closing"')
    expect((await two.token(server.mint({ sub: 'user_b', sid: 'sess_b' }))).status).toBe(200)
    expect((await two.session()).body.isSignedIn).toBe(true)
    const { status, body } = await server.browser().token(server.mint({ sub: 'user_c', sid: 'sess_c' }))
    expect([status, body.code]).toEqual([503, 'at-capacity'])
    expect((await one.session()).body.isSignedIn).toBe(true)
    expect((await two.session()).body.isSignedIn).toBe(true)
  })
})

describe('a server that is full of anonymous streams', () => {
  const azp = 'http://localhost:3000'
  const options = { limits: { sessions: 3 }, claims: { issuer, authorizedParties: [azp] } }

  it.each([
    ['cookie', (token: string) => ({ cookie: `__session=${token}` })],
    ['authorization', (token: string) => ({ authorization: `Bearer ${token}` })],
  ])('judges a stream by the token in its %s before it refuses it', async (_, toHeaders) => {
    const server = await startServer(options)
    const first = await server.open()
    for (let stream = 1; stream < 3; stream += 1) await server.open()
    const forged = server.mint({ azp }).replace(/.{8}$/, 'AAAAAAAA')
    for (const token of [forged, server.mint({ azp, exp: 1 }), server.mint({ azp: 'https://evil.example' })]) {
      expect((await server.open(toHeaders(token))).status).toBe(503)
    }
    expect(server.auth.stats()).toMatchObject({ sessions: 3, signedIn: 0, streams: 3 })
    const stream = await server.open(toHeaders(server.mint({ azp })))
    expect([stream.status, (await stream.view()).userId]).toEqual([200, 'user_a'])
    await first.ended
    expect(first.text()).toContain('"reason":"closing"')
    expect(server.auth.stats()).toMatchObject({ sessions: 3, signedIn: 1, streams: 3 })
  })
})

describe('the memory of anonymous requests', () => {
  it('is freed after 10,000 without a cookie and 2,000 forged tokens', async () => {
    useVirtualTime()
    const server = await startServer()
    const forged = server.mint().replace(/.{8}$/, 'AAAAAAAA')
    for (let batch = 0; batch < 100; batch += 1) {
      await Promise.all(Array.from({ length: 100 }, () => server.send('/auth/session')))
    }
    for (let batch = 0; batch < 20; batch += 1) {
      await Promise.all(
        Array.from({ length: 100 }, () => server.post({ type: 'token.received', token: forged }, { cookie: 'x=1' })),
      )
    }
    expect(server.auth.stats()).toEqual({ sessions: 0, signedIn: 0, streams: 0 })
  }, 60_000)

  it('of streams is freed five seconds after their readers have gone', async () => {
    useVirtualTime()
    const server = await startServer()
    for (let batch = 0; batch < 10; batch += 1) {
      const streams = await Promise.all(Array.from({ length: 50 }, () => server.open()))
      for (const stream of streams) stream.close()
      await eventually(() => server.auth.stats().streams === 0, 'the end of the streams')
      await vi.advanceTimersByTimeAsync(5_001)
      expect(server.auth.stats().sessions).toBe(0)
    }
  })
})

describe('the life of a session', () => {
  it('without a verdict is five seconds without a stream, in which the browser may come back', async () => {
    useVirtualTime()
    const server = await startServer()
    const browser = server.browser()
    const stream = await browser.open()
    const { channel } = await stream.view()
    stream.close()
    await eventually(() => server.auth.stats().streams === 0)
    await vi.advanceTimersByTimeAsync(4_900)
    const again = await browser.open()
    expect((await again.view()).channel).toBe(channel)
    await vi.advanceTimersByTimeAsync(60_000)
    again.close()
    await eventually(() => server.auth.stats().streams === 0)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(server.auth.stats().sessions).toBe(0)
  })

  it('that is signed in lasts without a stream until the token and the tolerance have ended', async () => {
    useVirtualTime()
    const server = await startServer()
    const browser = server.browser()
    await browser.token(server.mint())
    await browser.session()
    await vi.advanceTimersByTimeAsync(119_000)
    expect(server.auth.stats()).toMatchObject({ sessions: 1, signedIn: 1 })
    await vi.advanceTimersByTimeAsync(6_100)
    expect(server.auth.stats()).toMatchObject({ sessions: 0, signedIn: 0 })
  })

  it('that is signed in with a cookie that never comes back is half a minute', async () => {
    useVirtualTime()
    const server = await startServer()
    for (let attempt = 0; attempt < 12; attempt += 1) {
      expect((await server.browser().token(server.mint())).body.isSignedIn).toBe(true)
      await vi.advanceTimersByTimeAsync(5_000)
    }
    expect(server.auth.stats().sessions).toBeLessThanOrEqual(6)
    await vi.advanceTimersByTimeAsync(30_000)
    expect(server.auth.stats()).toEqual({ sessions: 0, signedIn: 0, streams: 0 })
  })

  it('that is signed out is that of its streams', async () => {
    useVirtualTime()
    const server = await startServer()
    const browser = server.browser()
    await browser.token(server.mint())
    const stream = await browser.open()
    await browser.clear()
    await vi.advanceTimersByTimeAsync(600_000)
    expect(server.auth.stats()).toMatchObject({ sessions: 1, signedIn: 0 })
    stream.close()
    await eventually(() => server.auth.stats().streams === 0)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(server.auth.stats().sessions).toBe(0)
  })
})
