import { generateKeyPairSync } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { createAuthServer } from 'authchart/h3'
import { build as buildByEsbuild } from 'esbuild'
import { H3, html, HTTPError, raw, toNodeHandler } from 'h3'
import type { Browser, Route } from 'playwright-core'
import { build as buildByVite } from 'vite'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { sourceAliases } from '../vitest.config.ts'
import { findChromium, launchBrowser } from './browser.ts'
import { startLateServer } from './late-server.ts'

const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const key = { ...publicKey.export({ format: 'jwk' }), kid: 'kid-1', alg: 'RS256', use: 'sig' }
const entry = fileURLToPath(new URL('page/visitor-page.ts', import.meta.url))
type Files = ReadonlyMap<string, string>

/** The files of one page by their names, as two bundlers make them. The entry is `visitor-page.js`. */
const bundlers: Record<string, () => Promise<Files>> = {
  async esbuild() {
    const { outputFiles } = await buildByEsbuild({
      entryPoints: [entry],
      bundle: true,
      splitting: true,
      format: 'esm',
      write: false,
      outdir: '/',
      alias: { ...sourceAliases },
      define: { 'process.env.NODE_ENV': '"production"' },
    })
    return new Map(outputFiles.map(({ path, text }) => [path.slice(1), text]))
  },
  async Vite() {
    const result = await buildByVite({
      configFile: false,
      logLevel: 'error',
      resolve: { alias: sourceAliases },
      build: {
        write: false,
        rolldownOptions: {
          input: entry,
          output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
        },
      },
    })
    const outputs = [result].flat().flatMap((each) => ('output' in each ? each.output : []))
    return new Map(outputs.flatMap((each) => (each.type === 'chunk' ? [[each.fileName, each.code] as const] : [])))
  },
}

/** Serves the page beside the endpoints, on a loopback port. */
async function serve(files: Files) {
  const server = await startLateServer()
  const auth = createAuthServer({
    keys: { jwks: { keys: [key] } },
    claims: { issuer: 'https://clerk.example.test', authorizedParties: [server.url] },
    logger: {},
  })
  const app = new H3()
  app.register(auth.plugin)
  app.get('/', () =>
    html(raw('<!doctype html><title>Visitor</title><script type="module" src="/visitor-page.js"></script>')),
  )
  app.get('/**', (event) => {
    const code = files.get(event.url.pathname.slice(1))
    if (code === undefined) throw new HTTPError({ status: 404 })
    event.res.headers.set('content-type', 'text/javascript; charset=utf-8')
    return code
  })
  server.handler = toNodeHandler(app)
  onTestFinished(async () => {
    await auth.close({ timeout: 0 })
    await server.close()
  })
  return server.url
}

describe.runIf(findChromium()).each(Object.keys(bundlers))('a page that is built by %s', (name) => {
  let browser: Browser
  let files: Files
  beforeAll(async () => {
    ;[browser, files] = await Promise.all([launchBrowser(), bundlers[name]!()])
  })
  afterAll(() => browser.close())

  /** Opens the page, and passes the requests for the code of the client to `onCode`. */
  async function openPage(onCode: (route: Route) => unknown) {
    const url = await serve(files)
    const page = await browser.newPage()
    onTestFinished(() => page.close())
    const loaded: string[] = []
    page.on('response', (response) => loaded.push(new URL(response.url()).pathname.slice(1)))
    await page.route('**/sync-runtime*.js', onCode)
    await page.goto(url)
    return { page, loaded }
  }

  it('works before the code of the client is there, and takes it into use when it comes', async () => {
    const routes: Route[] = []
    const { page, loaded } = await openPage((route) => routes.push(route))
    await expect.poll(() => routes.length).toBe(1)
    expect(loaded).toContain('visitor-page.js')
    expect(await page.evaluate(() => [window.authClient.status, window.authClient.connection])).toEqual([
      'loading',
      'connecting',
    ])
    const hasXState = (code: string) => code.includes('xstate.init')
    expect([...files.values()].filter(hasXState)).toHaveLength(1)
    expect(loaded.filter((path) => hasXState(files.get(path) ?? ''))).toEqual([])
    await routes[0]!.continue()
    await expect.poll(() => page.evaluate(() => window.authClient.status)).toBe('unauthenticated')
    expect(await page.evaluate(() => window.authClient.connection)).toBe('live')
    expect(await page.evaluate(() => window.errors)).toEqual([])
  })

  it.each(['a network that fails', 'a deployment that removed the file'])(
    'says why it fails by %s, and heals when the file is there',
    async (why) => {
      let isBroken = true
      let requests = 0
      const { page } = await openPage((route) => {
        requests += 1
        if (!isBroken) return route.continue()
        return why.includes('network') ? route.abort() : route.fulfill({ status: 404, body: 'gone' })
      })
      await expect.poll(() => page.evaluate(() => window.authClient.status), { timeout: 15_000 }).toBe('failed')
      expect(await page.evaluate(() => window.authClient.error)).toMatchObject({
        code: 'client-not-loaded',
        retryable: true,
      })
      expect(await page.evaluate(() => window.errors)).toContain('client-not-loaded')
      expect(requests).toBeGreaterThanOrEqual(2)
      isBroken = false
      await page.evaluate(() => window.authClient.retry())
      await expect.poll(() => page.evaluate(() => window.authClient.status)).toBe('unauthenticated')
      expect(await page.evaluate(() => window.authClient.error)).toBeNull()
    },
  )
})
