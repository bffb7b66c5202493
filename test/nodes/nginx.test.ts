import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { AuthView } from '../../machines/index.ts'
import { eventually } from '../h3/harness.ts'
import { findRedis, startRedis, type RedisServer } from '../store/redis-server.ts'
import { findNginx, startNginx } from './nginx.ts'
import { createDeployment } from './nodes.ts'

describe.runIf(findRedis() && findNginx())('two nodes behind nginx, configured as docs/scaling.md says', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  async function start() {
    const deployment = createDeployment(redis)
    const nodes = [await deployment.add(), await deployment.add()] as const
    const nginx = await startNginx(nodes.map(({ url }) => new URL(url).host))
    onTestFinished(() => nginx.stop())
    const origin = `https://localhost:${nginx.port}`
    const session = connect(origin, { ca: nginx.cert })
    session.on('error', () => {})
    onTestFinished(() => session.destroy())
    return { nodes, origin, browser: createBrowser(session, origin) }
  }

  it('stream at once over HTTP/2, whichever node a request goes to', async () => {
    const { nodes, browser } = await start()
    const stream = await browser.open()
    expect(stream.headers[':status']).toBe(200)
    expect(stream.headers['content-type']).toContain('text/event-stream')
    await stream.shows(({ state }) => state === 'unchecked')
    await browser.token(nodes[0].mint())
    expect(browser.cookie).toMatch(/^__Host-authchart=/)
    // The stream comes back with the cookie of the session that was signed in.
    const signedIn = await Promise.all([browser.open(), browser.open(), browser.open(), browser.open()])
    await Promise.all(signedIn.map((each) => each.shows(({ isSignedIn }) => isSignedIn)))
    expect(nodes.map(({ auth }) => auth.stats().streams).every((streams) => streams > 0)).toBe(true)

    expect((await browser.clear()).isSignedIn).toBe(false)
    await Promise.all(signedIn.map((each) => each.shows(({ state }) => state === 'signedOut')))
  })

  it('move the streams of a drained node to the other node, with their view', async () => {
    const { nodes, browser } = await start()
    await browser.token(nodes[0].mint())
    const before = await Promise.all([browser.open(), browser.open()])
    const [view] = await Promise.all(before.map((each) => each.shows(({ isSignedIn }) => isSignedIn)))
    const drained = nodes.find(({ auth }) => auth.stats().streams > 0)!
    const closed = drained.auth.close({ timeout: 1_000 })
    await eventually(() => before.some((each) => each.text().includes('"reason":"closing"')), 'the goodbye')
    await closed
    // The node answers 503 until its process has ended, and the client asks again.
    let after = await browser.open()
    await eventually(async () => {
      if (after.headers[':status'] !== 200) after = await browser.open()
      return after.headers[':status'] === 200
    }, 'the other node')
    const restored = await after.shows(({ isSignedIn }) => isSignedIn)
    expect(restored).toMatchObject({ channel: view!.channel, expiresAt: view!.expiresAt })
  })
})

/** Creates a browser with one HTTP/2 connection for all requests. */
function createBrowser(session: ClientHttp2Session, origin: string) {
  let cookie = ''
  let seq = 0
  let tabs = 0

  async function send(method: string, body?: object): Promise<{ request: ClientHttp2Stream; headers: Headers2 }> {
    const request = session.request({
      ':method': method,
      ':path': body ? '/auth/events' : `/auth/events?tab=tab${(tabs += 1)}`,
      origin,
      'sec-fetch-site': 'same-origin',
      ...(cookie && { cookie }),
      ...(body && { 'content-type': 'application/json' }),
    })
    request.setEncoding('utf8')
    request.on('error', () => {})
    request.end(body && JSON.stringify(body))
    const headers = await new Promise<Headers2>((resolve, reject) => {
      request.once('response', resolve)
      request.once('error', reject)
    })
    cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? cookie
    return { request, headers }
  }

  async function post(body: object): Promise<AuthView> {
    const { request, headers } = await send('POST', { ...body, tab: 'tab1', seq: (seq += 1) })
    let text = ''
    for await (const chunk of request) text += chunk as string
    expect(headers[':status'], text).toBe(200)
    return JSON.parse(text) as AuthView
  }

  return {
    get cookie() {
      return cookie
    },
    async open() {
      const { request, headers } = await send('GET')
      let text = ''
      request.on('data', (chunk: string) => (text += chunk))
      const views = () =>
        [...text.matchAll(/^data: (\{"channel".*\})$/gm)].map(([, json]) => JSON.parse(json!) as AuthView)
      return {
        headers,
        text: () => text,
        async shows(matches: (view: AuthView) => boolean): Promise<AuthView> {
          await eventually(() => views().some(matches), 'the view')
          return views().findLast(matches)!
        },
      }
    },
    token: (token: string) => post({ type: 'token.received', token }),
    clear: () => post({ type: 'session.cleared' }),
  }
}

interface Headers2 {
  readonly ':status'?: number
  readonly 'content-type'?: string
  readonly 'set-cookie'?: string[]
}
