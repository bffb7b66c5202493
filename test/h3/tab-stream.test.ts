import { H3 } from 'h3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createAuthServer } from '../../adapters/h3/index.ts'
import { eventually, signer, startServer } from './harness.ts'

describe('a stream of the same session and tab', () => {
  it('replaces the earlier one without a bye, however many are half open', async () => {
    const server = await startServer()
    const browser = server.browser()
    await browser.token(server.mint())
    const streams = []
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const stream = await browser.open()
      expect(stream.status).toBe(200)
      expect((await stream.view()).isSignedIn).toBe(true)
      streams.push(stream)
      expect(server.auth.stats()).toEqual({ sessions: 1, signedIn: 1, streams: 1 })
    }
    const last = streams.pop()!
    await Promise.all(streams.map(({ ended }) => ended))
    expect(streams.filter((stream) => stream.text().includes('bye'))).toEqual([])
    await browser.token(server.mint({ o: { id: 'org_1' } }))
    expect((await last.view()).orgId).toBe('org_1')
  })

  it("is accepted if the session has its full number of streams, while another tab's is not", async () => {
    const server = await startServer({ limits: { streamsPerSession: 2 } })
    const browser = server.browser()
    await browser.open({}, 'tab1')
    const second = await browser.open({}, 'tab2')
    expect((await browser.open({}, 'tab3')).status).toBe(429)
    expect((await browser.open({}, 'tab1')).status).toBe(200)
    expect((await browser.open({}, 'tab3')).status).toBe(429)
    expect(server.auth.stats().streams).toBe(2)
    second.close()
    await eventually(() => server.auth.stats().streams === 1, 'the end of a stream')
    expect((await browser.open({}, 'tab3')).status).toBe(200)
  })

  it('keeps the session, even an anonymous one', async () => {
    const server = await startServer()
    const browser = server.browser()
    const { channel } = await (await browser.open()).view()
    for (let attempt = 0; attempt < 3; attempt += 1) expect((await (await browser.open()).view()).channel).toBe(channel)
    expect(server.auth.stats()).toEqual({ sessions: 1, signedIn: 0, streams: 1 })
  })
})

describe('a stream that ends no other', () => {
  it('is one of another session, whatever tab it names', async () => {
    const server = await startServer()
    const [ada, eve] = [server.browser(), server.browser()]
    const stream = await ada.open({}, 'tab1')
    await eve.token(server.mint({ sub: 'user_e', sid: 'sess_e' }))
    await (await eve.open({}, 'tab1')).view()
    await (await server.open({}, 'tab1')).view()
    await (await server.open({ cookie: `authchart=${'A'.repeat(43)}` }, 'tab1')).view()
    expect(server.auth.stats().streams).toBe(4)
    await ada.token(server.mint())
    await stream.viewWhere(({ isSignedIn }) => isSignedIn)
  })

  it('is one with a cookie that was rotated', async () => {
    const server = await startServer()
    const browser = server.browser()
    const stream = await browser.open()
    const old = browser.cookie ?? ''
    await browser.token(server.mint())
    expect((await server.open({ cookie: old }, 'tab1')).status).toBe(503)
    expect(server.auth.stats().streams).toBe(1)
    await browser.token(server.mint({ o: { id: 'org_1' } }))
    await stream.viewWhere(({ orgId }) => orgId === 'org_1')
  })

  it('is one without a tab', async () => {
    const server = await startServer({ limits: { streamsPerSession: 3 } })
    const browser = server.browser()
    await browser.open()
    const headers = { cookie: browser.cookie ?? '' }
    await server.open(headers)
    await server.open(headers)
    expect(server.auth.stats().streams).toBe(3)
    expect((await server.open(headers)).status).toBe(429)
  })
})

it('a stream that is not a Node response is replaced too', async () => {
  const auth = createAuthServer({ keys: { jwks: signer.jwks }, clerk: {}, logger: {} })
  onTestFinished(() => auth.close({ timeout: 0 }))
  const app = new H3().register(auth.plugin)
  const open = (cookie = '') => app.request('http://localhost/auth/events?tab=t', { headers: { cookie } })
  const first = await open()
  const reader = first.body!.getReader()
  await reader.read()
  const second = await open(first.headers.get('set-cookie')?.split(';')[0])
  // The stream begins when it is read.
  const next = second.body!.getReader()
  await next.read()
  const readOn = async () => {
    while (!(await reader.read()).done);
  }
  await expect(readOn()).rejects.toMatchObject({ name: 'AbortError' })
  expect(auth.stats()).toEqual({ sessions: 1, signedIn: 0, streams: 1 })
  await next.cancel()
})
