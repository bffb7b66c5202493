import type { RequestListener } from 'node:http'
import { serializeView } from 'authchart'
import { createAuthServer, type AuthServer, type AuthServerOptions } from 'authchart/h3'
import { createClerkEmulator, type ClerkEmulator, type EmulatedSession } from 'authchart/testing'
import { H3, html, raw, toNodeHandler } from 'h3'
import type { Browser, BrowserContext, Frame, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { findNginx, runNginx } from '../nodes/nginx.ts'
import { findChromium, launchBrowser } from './browser.ts'
import { startLateServer } from './late-server.ts'
import { bundlePage } from './page/bundle-page.ts'
import { user } from './world.ts'

const policies = ['no-referrer', 'same-origin', 'origin', 'strict-origin-when-cross-origin', 'unsafe-url']
/** The headers with which nginx describes the page to the app: none, as with a bare `proxy_pass`, or the scheme. */
const proxies = [
  { name: 'silent', header: '', title: 'without X-Forwarded-Proto' },
  { name: 'telling', header: 'proxy_set_header X-Forwarded-Proto $scheme;', title: 'with X-Forwarded-Proto' },
]
/** A name that is not loopback, as of a machine on the LAN. A page over http is not a secure context there. */
const lanHost = 'phone.test'

describe.runIf(findChromium() && findNginx())('the session cookie in a browser', () => {
  let browser: Browser
  let script: string
  let clerk: ClerkEmulator
  let session: EmulatedSession
  const closing: (() => unknown)[] = []

  beforeAll(async () => {
    ;[browser, script, clerk] = await Promise.all([
      launchBrowser({ args: [`--host-resolver-rules=MAP ${lanHost} 127.0.0.1`] }),
      bundlePage(new URL('page/cookie-page.ts', import.meta.url)),
      createClerkEmulator({ users: [user] }),
    ])
    closing.push(
      () => browser.close(),
      () => clerk.close(),
    )
    session = clerk.createSession(user.id)
  })
  afterAll(async () => {
    for (const close of closing.toReversed()) await close()
  })

  /** Starts a server whose port is known before its app exists. */
  async function openBackend() {
    const server = await startLateServer()
    closing.push(() => server.close())
    return server
  }

  /**
   * Starts an app that renders its pages with what the server knows, and that records the `Set-Cookie` lines of its
   * answers.
   */
  function startApp(
    backend: { handler: RequestListener },
    mode: 'development' | 'production',
    origins: string[],
    options: AuthServerOptions = {},
  ) {
    const setCookies: string[] = []
    vi.stubEnv('NODE_ENV', mode)
    const auth = createAuthServer({
      clerk: { secretKey: clerk.secretKey, publishableKey: clerk.publishableKey, apiUrl: clerk.apiUrl },
      claims: { authorizedParties: origins },
      logger: {},
      ...options,
    })
    vi.unstubAllEnvs()
    closing.push(() => auth.close({ timeout: 0 }))
    const app = new H3()
    app.use(async (event, next) => {
      const answer = await next()
      setCookies.push(...event.res.headers.getSetCookie())
      return answer
    })
    app.register(auth.plugin)
    app.get('/main.js', (event) => {
      event.res.headers.set('content-type', 'text/javascript; charset=utf-8')
      return script
    })
    app.get('/token', () => clerk.mintToken({ session, azp: origins[0] }))
    app.get('/page', async (event) => {
      const initialView = await auth.publicView(event)
      event.res.headers.set('referrer-policy', event.url.searchParams.get('policy') ?? '')
      const url = event.url.searchParams.get('api') ?? undefined
      const settings = JSON.stringify({ userId: session.userId, sessionId: session.id, url })
      return html(
        raw(`<!doctype html><html lang="en"><meta charset="utf-8"><title>App</title>
<p id="rendered">${initialView.isSignedIn ? 'signed in' : 'nobody'}</p><a href="${event.url.search}">again</a>
<script>window.cookiePageSettings = { ...${settings}, initialView: ${serializeView(initialView)} }</script><script type="module" src="/main.js"></script></html>`),
      )
    })
    app.get('/frame', (event) => {
      const src = event.url.searchParams.get('src') ?? ''
      return html`<!doctype html>
        <html lang="en">
          <meta charset="utf-8" /><title>Frame</title
          ><iframe src="${src}"></iframe>
        </html>`
    })
    backend.handler = toNodeHandler(app)
    return { auth, setCookies }
  }

  async function openContext(): Promise<BrowserContext> {
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    onTestFinished(() => context.close())
    return context
  }

  /** Waits until the page's client has proven who is signed in, and its stream shows it. */
  async function settle(page: Page | Frame) {
    await page.waitForFunction(() => {
      const { stream, session } = window.authClient.actor.getSnapshot().value
      return stream === 'open' && session === 'confirmed' && window.authClient.view.isSignedIn
    })
    return page.evaluate(() => ({
      rendered: document.querySelector('#rendered')?.textContent,
      changes: window.shownViews.map((view) => view.isSignedIn).filter((each, n, all) => n > 0 && each !== all[n - 1]),
      channels: [...new Set(window.shownViews.map(({ channel }) => channel))].filter(Boolean),
    }))
  }

  async function expectSignedIn(page: Page, url: string, name: string) {
    await page.goto(url)
    const first = await settle(page)
    // The page changes once, from nobody to signed in.
    expect(first).toMatchObject({ rendered: 'nobody', changes: [true] })
    const { channels } = first
    expect(channels).toHaveLength(1)
    const stays = { rendered: 'signed in', changes: [], channels }
    // A typed URL sends no Referer. A followed link sends what the policy allows.
    await page.goto(url)
    expect(await settle(page)).toEqual(stays)
    await Promise.all([page.waitForEvent('load'), page.click('a')])
    expect(await settle(page)).toEqual(stays)
    const cookies = await page.context().cookies()
    expect(cookies.map((cookie) => [cookie.name, cookie.secure, cookie.httpOnly])).toEqual([
      [name, name.startsWith('__Host-'), true],
    ])
  }

  describe('in production, behind an nginx that ends TLS and gives the app out as localhost', () => {
    let app: ReturnType<typeof startApp>
    let port: number
    /** Servers on other sites that the page of the first one asks. */
    const apis = [
      { name: 'kept', cookie: { sameSite: 'none', partitioned: true } },
      { name: 'lost', cookie: { sameSite: 'none' } },
    ] as const
    const auths = new Map<string, AuthServer>()
    const toOrigin = (name: string) => `https://${name}.localhost:${port}`

    beforeAll(async () => {
      const backend = await openBackend()
      const others = await Promise.all(apis.map(async (api) => ({ ...api, backend: await openBackend() })))
      const nginx = await runNginx(({ port, certFile, keyFile }) => {
        const tls = `listen 127.0.0.1:${port} ssl; ssl_certificate ${certFile}; ssl_certificate_key ${keyFile};`
        const toServer = (name: string, to: number, header = '') =>
          `server { ${tls} server_name ${name}.localhost; location / { proxy_pass http://localhost:${to}; ${header} } }`
        return [
          ...proxies.map(({ name, header }) => toServer(name, backend.port, header)),
          ...others.map(({ name, backend }) => toServer(name, backend.port)),
        ].join('\n')
      })
      closing.push(() => nginx.stop())
      port = nginx.port
      app = startApp(
        backend,
        'production',
        proxies.map(({ name }) => toOrigin(name)),
      )
      const origins = [toOrigin('silent')]
      for (const { name, backend, cookie } of others) {
        const { auth } = startApp(backend, 'production', origins, { allowedOrigins: origins, cookie })
        auths.set(name, auth)
      }
    })

    it.each(proxies.flatMap((proxy) => policies.map((policy) => ({ ...proxy, policy }))))(
      'is secure and stays the same: $title, Referrer-Policy $policy',
      async ({ name, policy }) => {
        const before = app.setCookies.length
        const page = await (await openContext()).newPage()
        await expectSignedIn(page, `${toOrigin(name)}/page?policy=${policy}`, '__Host-authchart')
        const given = app.setCookies.slice(before)
        expect(given.length).toBeGreaterThan(0)
        expect(given.filter((line) => !/^__Host-authchart=[^;]+;.*; Secure$/.test(line))).toEqual([])
      },
    )

    it('is kept for a page of another site where it is partitioned, though third-party cookies are blocked', async () => {
      const page = await (await openContext()).newPage()
      await page.goto(`${toOrigin('silent')}/page?api=${toOrigin('kept')}/auth`)
      expect(await settle(page)).toMatchObject({ changes: [true], channels: [expect.any(String)] })
    })

    it('is reported missing where it is not partitioned, and signs nobody in', async () => {
      const page = await (await openContext()).newPage()
      await page.goto(`${toOrigin('silent')}/page?api=${toOrigin('lost')}/auth`)
      await page.waitForFunction(() => window.authClient.status === 'failed')
      expect(await page.evaluate(() => window.authClient.error)).toMatchObject({ code: 'cookie-missing' })
      expect(await page.evaluate(() => window.shownViews.some(({ isSignedIn }) => isSignedIn))).toBe(false)
      expect(auths.get('lost')?.stats()).toMatchObject({ sessions: 1, signedIn: 0 })
    })

    describe('in a frame on a page of another site, where third-party cookies are blocked', () => {
      /** Opens a page of one site that has a page of another site in a frame. */
      async function openFramed(page: Page, outer: string, inner: string) {
        await page.goto(`${toOrigin(outer)}/frame?src=${toOrigin(inner)}/page`)
        const frame = page.frames()[1]
        if (!frame) throw new Error('there is no frame')
        return frame
      }

      it('is kept where it is partitioned: one session in the frame, another on the page itself', async () => {
        const context = await openContext()
        const page = await context.newPage()
        const first = await settle(await openFramed(page, 'silent', 'kept'))
        expect(first).toMatchObject({ rendered: 'nobody', changes: [true], channels: [expect.any(String)] })
        // The next load of the frame sends the cookie.
        const again = await settle(await openFramed(page, 'silent', 'kept'))
        expect(again).toEqual({ rendered: 'signed in', changes: [], channels: first.channels })

        const itself = await context.newPage()
        await itself.goto(`${toOrigin('kept')}/page`)
        const own = await settle(itself)
        expect(own).toMatchObject({ rendered: 'nobody', changes: [true] })
        expect(own.channels).not.toEqual(first.channels)
        // A frame on a third site has a session of its own too.
        const third = await settle(await openFramed(page, 'telling', 'kept'))
        expect(third).toMatchObject({ rendered: 'nobody', changes: [true] })
        expect(third.channels).not.toEqual(first.channels)
        // No session ended another one.
        expect(await settle(await openFramed(page, 'silent', 'kept'))).toEqual(again)

        const cookies = (await context.cookies()).filter(({ domain }) => domain === 'kept.localhost')
        expect(cookies.map(({ name, sameSite, partitionKey }) => [name, sameSite, partitionKey])).toEqual(
          expect.arrayContaining([
            ['__Host-authchart', 'None', 'https://silent.localhost'],
            ['__Host-authchart', 'None', 'https://telling.localhost'],
          ]),
        )
      })

      it.each([
        { inner: 'lost', title: "with sameSite: 'none' alone" },
        { inner: 'telling', title: 'with the default' },
      ])('is reported missing $title, and nobody is signed in', async ({ inner }) => {
        const page = await (await openContext()).newPage()
        const frame = await openFramed(page, 'silent', inner)
        await frame.waitForFunction(() => window.authClient.status === 'failed')
        expect(await frame.evaluate(() => window.authClient.error)).toMatchObject({ code: 'cookie-missing' })
        expect(await frame.evaluate(() => window.shownViews.some(({ isSignedIn }) => isSignedIn))).toBe(false)
      })
    })
  })

  describe('in development, over plain http', () => {
    it('is kept by a browser on another host than localhost', async () => {
      const backend = await openBackend()
      const url = `http://${lanHost}:${backend.port}`
      startApp(backend, 'development', [url])
      const page = await (await openContext()).newPage()
      await expectSignedIn(page, `${url}/page`, 'authchart')
      expect(await page.evaluate(() => window.isSecureContext)).toBe(false)
    })
  })
})
