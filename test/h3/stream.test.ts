import { H3 } from 'h3'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createAuthServer } from '../../adapters/h3/index.ts'
import { createSseStreams } from '../../adapters/h3/sse-stream.ts'
import { eventually, signer, startServer, useVirtualTime, virtualEpoch } from './harness.ts'

describe('the stream of a live session', () => {
  it('pings every 15 seconds, with the time', async () => {
    useVirtualTime()
    const server = await startServer()
    const stream = await server.open()
    await stream.next()
    await vi.advanceTimersByTimeAsync(1_000)
    await stream.viewWhere(({ timedOut }) => timedOut)
    await vi.advanceTimersByTimeAsync(14_000)
    expect(await stream.next()).toEqual({ event: 'ping', id: undefined, data: { now: virtualEpoch + 15_000 } })
    await vi.advanceTimersByTimeAsync(15_000)
    expect(await stream.next()).toMatchObject({ event: 'ping', data: { now: virtualEpoch + 30_000 } })
  })

  it('pings every 5 seconds on Bun, which ends a silent connection after 10', async () => {
    vi.stubGlobal('Bun', {})
    onTestFinished(() => void vi.unstubAllGlobals())
    useVirtualTime()
    const server = await startServer({ authWaitTimeout: 600_000 })
    const stream = await server.open()
    await stream.next()
    for (const after of [5_000, 10_000, 15_000]) {
      await vi.advanceTimersByTimeAsync(5_000)
      expect(await stream.next()).toMatchObject({ event: 'ping', data: { now: virtualEpoch + after } })
    }
  })

  it('shows one frame for all changes within a tick, and none if nothing changed', async () => {
    const server = await startServer()
    const browser = server.browser()
    const stream = await browser.open()
    await browser.token(server.mint())
    await browser.token(server.mint({ sub: 'user_b', sid: 'sess_b' }))
    await browser.clear()
    await stream.viewWhere(({ state }) => state === 'signedOut')
    const revs = [...stream.text().matchAll(/^id: (\d+)$/gm)].map(([, rev]) => Number(rev))
    expect(revs).toEqual(revs.toSorted((a, b) => a - b))
    expect(new Set(revs).size).toBe(revs.length)
  })

  it('does not flicker at a renewal', async () => {
    const server = await startServer()
    const browser = server.browser()
    await browser.token(server.mint())
    const stream = await browser.open()
    await stream.view()
    await browser.token(server.mint({ o: { id: 'org_2' } }))
    expect(await stream.view()).toMatchObject({ isSignedIn: true, orgId: 'org_2' })
    expect(stream.text()).not.toContain('"isSignedIn":false')
  })

  it('signs out at exp plus the tolerance, without a request', async () => {
    useVirtualTime()
    const server = await startServer()
    const browser = server.browser()
    const stream = await browser.open()
    await browser.token(server.mint())
    await stream.viewWhere(({ isSignedIn }) => isSignedIn)
    await vi.advanceTimersByTimeAsync(119_999)
    expect((await browser.session()).body.isSignedIn).toBe(true)
    await vi.advanceTimersByTimeAsync(1)
    const expired = await stream.viewWhere(({ isSignedIn }) => !isSignedIn)
    expect(expired).toMatchObject({ state: 'signedOut', error: { code: 'token-expired', retryable: true } })
  })

  it('keeps claims with line breaks and markup in one line of data', async () => {
    const server = await startServer({ publicClaims: ['sub', 'note'] })
    const browser = server.browser()
    const stream = await browser.open()
    const note = 'a\r\nevent: bye\ndata: {}\n\n\u2028\u2029<script>'
    await browser.token(server.mint({ note }))
    const view = await stream.viewWhere(({ isSignedIn }) => isSignedIn)
    expect(view.claims).toEqual({ sub: 'user_a', note })
    expect(stream.text()).not.toMatch(/^event: bye/m)
  })

  it('carries what middleware has set on the answer', async () => {
    const server = await startServer({}, (app) => {
      app.use((event) => {
        event.res.headers.set('x-app', 'yes')
        event.res.headers.append('set-cookie', 'theirs=1')
      })
    })
    const { headers } = await server.open()
    expect(headers['x-app']).toBe('yes')
    expect(headers['set-cookie']).toEqual(['theirs=1', expect.stringContaining('authchart=')])
  })
})

describe('a reader that stalls', () => {
  it('gets only the latest view when it reads again, and is destroyed after 10 to 20 seconds', async () => {
    useVirtualTime()
    const written: string[] = []
    const taken: (() => void)[] = []
    const sink = {
      write(text: string, done: () => void) {
        written.push(text)
        taken.push(done)
      },
      end: (text: string) => void written.push(text),
      destroy: vi.fn<() => void>(),
    }
    const stream = createSseStreams({ clock: Date.now, random: () => 0 })(undefined, sink)
    onTestFinished(() => stream.closed())
    for (const frame of ['one', 'two', 'three', 'four']) stream.send(frame)
    expect(written).toEqual(['retry: 1000\n\none'])
    taken.shift()?.()
    expect(written).toEqual(['retry: 1000\n\none', 'four'])
    await vi.advanceTimersByTimeAsync(19_999)
    stream.send('five')
    await vi.advanceTimersByTimeAsync(2)
    expect(written.at(-1)).toBe('event: bye\ndata: {"reason":"slow"}\n\n')
    expect(sink.destroy).toHaveBeenCalled()
    stream.send('six')
    expect(written).not.toContain('five')
    expect(written).not.toContain('six')
  })
})

describe('closing', () => {
  it('waits for a verdict in progress', async () => {
    const checks: (() => void)[] = []
    const server = await startServer({
      claims: {
        issuer: 'https://clerk.example.test',
        validate: () => new Promise<void>((done) => void checks.push(done)),
      },
    })
    const verdict = server.browser().token(server.mint())
    await eventually(() => checks.length === 1, 'the check')
    const closed = server.auth.close()
    checks[0]?.()
    expect((await verdict).body.isSignedIn).toBe(true)
    await closed
  })
})

describe('without Node, as a ReadableStream', () => {
  function startPortable() {
    const auth = createAuthServer({ keys: { jwks: signer.jwks }, clerk: {}, logger: {} })
    onTestFinished(() => auth.close({ timeout: 0 }))
    const app = new H3({ silent: true })
    app.register(auth.plugin)
    const origin = 'http://localhost'
    const ask = (path: string, init: RequestInit = {}) => Promise.resolve(app.request(origin + path, init))
    const post = (body: object, cookie: string) =>
      ask('/auth/events', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', cookie },
        body: JSON.stringify(body),
      })
    return { auth, ask, post }
  }

  it('behaves as with Node', async () => {
    const { auth, ask, post } = startPortable()
    const stream = await ask('/auth/events?tab=t')
    expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/)
    const cookie = stream.headers.get('set-cookie')?.split(';')[0] ?? ''
    const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader.read()).value).toMatch(/^retry: \d+\n\nevent: view\nid: 1\ndata: .*"unchecked".*\n\n$/)
    const token = signer.mint()
    const answer = await post({ type: 'token.received', token, tab: 't' }, cookie)
    expect(answer.status).toBe(200)
    let text = ''
    while (!text.includes('"isSignedIn":true')) text += (await reader.read()).value
    await auth.close({ timeout: 100 })
    let rest = ''
    for (let part = await reader.read(); !part.done; part = await reader.read()) rest += part.value
    expect(rest).toContain('event: bye\ndata: {"reason":"closing"}')
  })

  it.each(['constructor', 'toString', '__proto__'])(
    'does not know the method %s, which Node would not let through',
    async (method) => {
      const { ask } = startPortable()
      const answer = await ask('/auth/session', { method })
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, OPTIONS'])
    },
  )

  it('keeps only the latest view for a reader that does not read', async () => {
    const { ask, post } = startPortable()
    const stream = await ask('/auth/events?tab=t')
    const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader()
    let { value: text = '' } = await reader.read()
    let cookie = stream.headers.get('set-cookie')?.split(';')[0] ?? ''
    for (let round = 0; round < 20; round += 1) {
      const token = signer.mint({ o: { id: `org_${round}` } })
      const answer = await post({ type: 'token.received', token, tab: 't' }, cookie)
      cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? cookie
      await new Promise((resolve) => setImmediate(resolve))
    }
    while (!text.includes('org_19')) text += (await reader.read()).value
    expect(text.match(/event: view/g)?.length).toBeLessThanOrEqual(5)
    await reader.cancel()
  })

  it('ends with its reader', async () => {
    const { auth, ask } = startPortable()
    const reader = (await ask('/auth/events')).body!.getReader()
    await reader.read()
    expect(auth.stats().streams).toBe(1)
    await reader.cancel()
    expect(auth.stats().streams).toBe(0)
  })

  it('ends when the request is aborted, even if somebody still reads', async () => {
    const { auth, ask } = startPortable()
    const controller = new AbortController()
    const reader = (await ask('/auth/events', { signal: controller.signal })).body!.getReader()
    await reader.read()
    const next = reader.read().catch((error: unknown) => error)
    controller.abort()
    expect(auth.stats().streams).toBe(0)
    expect(await next).toMatchObject({ name: 'AbortError' })
  })

  it('begins with its first reader, so that a dropped answer leaves nothing behind', async () => {
    useVirtualTime()
    const { auth, ask } = startPortable()
    const dropped = await ask('/auth/events')
    expect(auth.stats()).toMatchObject({ sessions: 1, streams: 0 })
    await vi.advanceTimersByTimeAsync(5_000)
    expect(auth.stats().sessions).toBe(0)
    expect(await dropped.text()).toMatch(/event: bye/)
  })
})
