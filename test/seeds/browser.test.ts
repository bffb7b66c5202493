import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { H3, toNodeHandler } from 'h3'
import { build } from 'vite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createAuthServer } from '../../adapters/h3/index.ts'
import { createInspector } from '../../adapters/inspector/index.ts'
import { emulatorPath, openClerkSource } from '../../docs/demo/server/clerk-source.ts'
import { createDemoRoutes } from '../../docs/demo/server/demo-routes.ts'
import { createMachineSteps } from '../../docs/demo/server/machine-steps.ts'
import { createOpenSockets } from '../../docs/demo/server/open-sockets.ts'
import { createPageFiles } from '../../docs/demo/server/page-files.ts'
import { findChromium, launchBrowser } from '../e2e/browser.ts'
import { useBrowser } from '../e2e/use-browser.ts'
import { passTimeUntil } from '../e2e/virtual-time.ts'
import { signIn, signOut } from '../e2e/world.ts'
import { freePort } from '../free-port.ts'
import { listenOnLoopback } from '../kit/clerk-emulator/loopback-server.ts'

describe.runIf(findChromium())('in a real browser, with the real clerk-js and StrictMode on', () => {
  const openWorld = useBrowser()

  it('C23 Clerk’s provider feeds the server, and no secret key reaches the browser', async () => {
    const world = await openWorld()
    const tab = await world.openSignedInTab()
    await tab.serverSays({ state: 'signedIn', user: 'user_ada' })
    const seen = [await tab.page.content(), ...world.app.tap.exchanges.map(({ answer }) => answer)].join('\n')
    expect(seen).toContain(world.clerk.publishableKey)
    expect(seen).not.toContain(world.clerk.secretKey)
    expect(seen).not.toMatch(/sk_(test|live)_\w/)
  })

  it('C24 a whole app that is wrapped signs in and out, by Clerk’s own components', async () => {
    const world = await openWorld({ page: { hasRouter: true } })
    const tab = await world.openTab()
    await tab.shows('unauthenticated')
    await signIn(tab)
    await tab.shows('authenticated')
    await signOut(tab)
    await tab.shows('unauthenticated')
    expect(await tab.view()).toMatchObject({ state: 'signedOut', userId: null })
  })

  it('Y8 a token that expires unrenewed ends the session on the server, shows no sign-in page, and is made good', async () => {
    const world = await openWorld({ hasVirtualTime: true })
    const tab = await world.openSignedInTab()
    const start = tab.log.length
    const heal = world.clerk.addFault({ path: /\/v1\/client\/sessions\/[^/]+\/tokens/, status: 422 })
    await passTimeUntil(world, 180, () => expect(world.app.auth.stats().signedIn).toBe(0))
    await tab.serverSays({ state: 'signedOut', error: 'token-expired' })
    heal()
    await passTimeUntil(world, 120, async () => expect((await tab.view()).isSignedIn).toBe(true))
    await tab.shows('authenticated')
    expect(tab.shown(start)).not.toContain('unauthenticated')
  })
})

/** Starts the demo's own server and page, as `npm start` does, without variables of a Clerk account. */
async function startDemo(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'authchart-demo-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const root = fileURLToPath(new URL('../../docs/demo', import.meta.url))
  await build({ root, configFile: join(root, 'vite.config.ts'), logLevel: 'error', build: { outDir: directory } })

  const port = await freePort()
  const origin = `http://localhost:${port}`
  const source = await openClerkSource(origin, {})
  const [steps, streams, inspector] = [createMachineSteps(), createOpenSockets(), createInspector()]
  const auth = createAuthServer({
    clerk: source.server,
    claims: { authorizedParties: [origin] },
    inspect: [steps.inspect, inspector],
    logger: {},
  })
  const app = new H3()
  app.register(auth.plugin)
  app.mount(emulatorPath, source.emulator!.app)
  const config = { ...source.config, clockTolerance: 60 }
  app.mount('', createDemoRoutes({ auth, inspector, source, steps, streams, config }))
  app.get('/**', await createPageFiles(directory))
  const server = await listenOnLoopback(toNodeHandler(app), 'localhost', port)
  onTestFinished(async () => {
    await auth.close({ timeout: 100 })
    await source.emulator?.close()
    await server.close()
  })
  return origin
}

it.runIf(findChromium())('D1 the demo shows state, identity and changes live, without a Clerk account', async () => {
  const origin = await startDemo()
  const browser = await launchBrowser()
  onTestFinished(() => browser.close())
  const page = await browser.newPage()
  await page.goto(origin)
  await page.getByRole('button', { name: 'Sign in as Ada' }).click()
  await page.getByTestId('authenticated').waitFor()
  expect(await page.getByTestId('server-state').getByRole('button').textContent()).toBe('signedIn')
  expect(await page.getByTestId('server-signed-in').textContent()).toBe('yes')
  expect(await page.getByTestId('server-user').textContent()).toMatch(/^user_/)
  // The original showed a toast when somebody signed in. Here the log says it.
  await page
    .getByText(/rev \d+: signedIn/)
    .first()
    .waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect.poll(() => page.getByTestId('server-state').getByRole('button').textContent()).toBe('signedOut')
})
