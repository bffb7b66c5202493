import { createHash, generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAuthServer, type AuthServerOptions } from 'authchart/h3'
import { createClerkEmulator } from 'authchart/testing'
import { H3, toNodeHandler } from 'h3'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { listenOnLoopback } from '../kit/clerk-emulator/loopback-server.ts'
import { findChromium, launchWithExtension } from './browser.ts'
import { bundlePage } from './page/bundle-page.ts'
import { user } from './world.ts'

const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const key = publicKey.export({ type: 'spki', format: 'der' })
/** The id of an extension is the digest of its key, written in the letters a to p. */
const id = createHash('sha256')
  .update(key)
  .digest('hex')
  .slice(0, 32)
  .replaceAll(/./g, (digit) => String.fromCodePoint(97 + Number.parseInt(digit, 16)))
const origin = `chrome-extension://${id}`

describe.runIf(findChromium())('the page of a browser extension', () => {
  let script: string
  beforeAll(async () => {
    script = await bundlePage(new URL('page/cookie-page.ts', import.meta.url))
  })

  /** Opens the page of an extension that talks to a server on this machine. */
  async function openExtension(options: AuthServerOptions, hostPermissions: boolean) {
    const clerk = await createClerkEmulator({ users: [user] })
    onTestFinished(() => clerk.close())
    const session = clerk.createSession(user.id)
    const { secretKey, publishableKey, apiUrl } = clerk
    const auth = createAuthServer({
      clerk: { secretKey, publishableKey, apiUrl },
      claims: { authorizedParties: [origin] },
      logger: {},
      ...options,
    })
    onTestFinished(() => auth.close({ timeout: 0 }))
    const seen: string[] = []
    const handler = toNodeHandler(new H3().register(auth.plugin)) as RequestListener
    const server = await listenOnLoopback(
      (request, response) => {
        const { origin: from = '-', 'sec-fetch-site': site = '-' } = request.headers
        seen.push(`${request.method} ${from === origin ? 'listed' : from} ${site}`)
        handler(request, response)
      },
      'localhost',
      0,
    )
    onTestFinished(() => server.close())

    const folder = await mkdtemp(join(tmpdir(), 'extension-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const settings = { userId: user.id, sessionId: session.id, url: `http://localhost:${server.port}/auth` }
    const files: Record<string, string> = {
      'manifest.json': JSON.stringify({
        manifest_version: 3,
        name: 'App',
        version: '1.0',
        key: key.toString('base64'),
        ...(hostPermissions && { host_permissions: ['http://localhost/*'] }),
      }),
      'page.html':
        '<!doctype html><meta charset="utf-8"><script src="settings.js"></script><script type="module" src="main.js"></script>',
      'settings.js': `window.cookiePageSettings = ${JSON.stringify(settings)}`,
      'main.js': script,
      token: clerk.mintToken({ session, azp: origin, ttl: 600 }),
    }
    await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)))
    const context = await launchWithExtension(folder)
    onTestFinished(() => context.close())
    const page = await context.newPage()
    await page.goto(`${origin}/page.html`)
    return { auth, page, seen }
  }

  it.each([
    { hostPermissions: true, cookie: {}, title: 'with host permissions, and the default cookie' },
    { hostPermissions: false, cookie: { sameSite: 'none' }, title: "without, and a cookie of sameSite: 'none'" },
  ] as const)('signs in and follows the server, $title', async ({ hostPermissions, cookie }) => {
    const { auth, page, seen } = await openExtension({ allowedOrigins: [origin], cookie }, hostPermissions)
    await page.waitForFunction(() => window.authClient.status === 'authenticated')
    expect(await page.evaluate(() => window.authClient.connection)).toBe('live')
    expect(auth.stats()).toEqual({ sessions: 1, signedIn: 1, streams: 1 })
    await page.reload()
    await page.waitForFunction(() => window.authClient.status === 'authenticated')
    expect(auth.stats().sessions).toBe(1)
    await auth.revoke({ userId: user.id })
    await page.waitForFunction(() => window.authClient.status === 'failed')
    expect(await page.evaluate(() => window.authClient.error)).toMatchObject({ code: 'session-revoked' })
    // The host permissions make the extension same-site, so its GET carries no Origin.
    expect(new Set(seen)).toEqual(
      new Set(
        hostPermissions
          ? ['GET - none', 'POST listed none']
          : ['GET listed cross-site', 'OPTIONS listed cross-site', 'POST listed cross-site'],
      ),
    )
  })

  it.each([
    { title: 'not listed', options: {}, hostPermissions: true, code: 'origin-rejected', says: 'allowedOrigins' },
    {
      title: 'not listed, without host permissions',
      options: { cookie: { sameSite: 'none' } },
      hostPermissions: false,
      code: 'network-failed',
      says: 'allowedOrigins',
    },
    {
      title: 'listed, without host permissions and with the default cookie',
      options: { allowedOrigins: [origin] },
      hostPermissions: false,
      code: 'cookie-missing',
      says: "sameSite: 'none'",
    },
  ] as const)('is told what to change: $title', async ({ options, hostPermissions, code, says }) => {
    const { page } = await openExtension(options, hostPermissions)
    await page.waitForFunction((code) => window.authClient.error?.code === code, code)
    expect(await page.evaluate(() => window.authClient.error?.message)).toContain(says)
    expect(await page.evaluate(() => window.authClient.view.isSignedIn)).toBe(false)
  })
})
