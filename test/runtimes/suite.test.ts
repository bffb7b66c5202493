import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { createClerkEmulator, type ClerkEmulator } from 'authchart/testing'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { until, type Site } from './checks/check.ts'
import { checkNames, checks, type CheckName } from './checks/index.ts'
import { createFixtureApp } from './fixture/app.ts'
import { party } from './fixture/settings.ts'
import { createHttpBrowser } from './http-browser.ts'

/** These take long, or need more than one server. */
const left: ReadonlySet<CheckName> = new Set(['idle stream', 'Redis', 'SQLite'])

describe('the suite of the runtimes, by auth.fetch and the portable stream', () => {
  let clerk: ClerkEmulator
  let server: Server
  let origin: string

  beforeAll(async () => {
    clerk = await createClerkEmulator({
      host: '127.0.0.1',
      appOrigin: party,
      users: [{ id: 'user_ada', email: 'ada@example.test' }],
    })
    const { secretKey, publishableKey, apiUrl, webhookSecret } = clerk
    const settings = { port: 0, clerk: { secretKey, publishableKey, apiUrl, webhookSecret } }
    const { fetch } = await createFixtureApp(settings, { warn() {}, error() {} })
    server = createAdaptorServer({ fetch }) as Server
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  afterAll(async () => {
    server.close().closeAllConnections()
    await clerk.close()
  })

  it('lets a reader leave without an error in the log of the host', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => logged.mockRestore())
    const browser = createHttpBrowser(origin)
    const stream = await browser.open()
    await stream.view()
    browser.close()
    await until(async () => (await browser.send('/stats')).body['streams'] === 0)
    expect(logged).not.toHaveBeenCalled()
  })

  it.each(checkNames.filter((name) => !left.has(name)))('passes: %s', async (name) => {
    const site: Site = {
      origin,
      clerk,
      browser(basePath) {
        const browser = createHttpBrowser(origin, basePath)
        onTestFinished(() => browser.close())
        return browser
      },
    }
    const start = () => Promise.reject(new Error('The test has one server'))
    await expect(checks[name]({ ...site, start })).resolves.toBeUndefined()
  })
})
