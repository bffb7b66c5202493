/** Runs the tests of the protocol again, over HTTP/2, and adds tests of HTTP/2 itself. */
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createMemorySessionStore, type SessionStore } from '../../adapters/h3/index.ts'
import { hasOpenssl } from './certificate.ts'
import { eventually, startServer, useHost, useVirtualTime } from './harness.ts'
import { onHttp2, onSecureH3 } from './hosts.ts'

const warnings: string[] = []
process.on('warning', ({ name }) => warnings.push(name))

useHost(onHttp2)
describe.runIf(hasOpenssl())('over HTTP/2', async () => {
  // This file comes first, because it counts timers and must not find those of earlier servers.
  await import('./let-go.test.ts')
  await import('./protocol.test.ts')
  await import('./origin.test.ts')
  await import('./stream.test.ts')
  await import('./body.test.ts')
  await import('./secrets.test.ts')

  it('answers a half-read body without the header that HTTP/2 does not know', async () => {
    const server = await startServer()
    const { status, headers } = await server.post(JSON.stringify({ type: 'x'.repeat(200_000) }))
    expect([status, headers.get('connection')]).toEqual([413, null])
    // Node warns only once in a process, and the tests before this one could have caused the warning.
    expect(warnings).not.toContain('UnsupportedWarning')
  })

  it("works with h3's own server and a certificate, allowedHosts, and a browser without Fetch Metadata", async () => {
    const server = await startServer({ allowedHosts: ['127.0.0.1'] }, undefined, onSecureH3)
    const browser = server.browser()
    const stream = await browser.open()
    expect(browser.cookie).toMatch(/^__Host-authchart=/)
    expect((await browser.token(server.mint())).body.isSignedIn).toBe(true)
    await stream.viewWhere(({ isSignedIn }) => isSignedIn)
    stream.close()
    await eventually(() => server.auth.stats().streams === 0, 'the end of the stream')
  })

  it('ends a stream whose reader stalls, and no other stream on its connection', async () => {
    useVirtualTime()
    const server = await startServer({ publicClaims: ['sub', 'bulk'], limits: { requestsPerSession: 100_000 } })
    const browser = server.browser('tab1')
    await browser.token(server.mint())
    const reader = await browser.open()
    const path = '/auth/events?tab=stalled'
    const stalled = await server.sendExactly({ path, headers: { cookie: browser.cookie ?? '' } })
    onTestFinished(() => void stalled.body.destroy())
    expect(server.auth.stats().streams).toBe(2)
    // The window is 64 KB, and it does not grow while nobody reads.
    for (let renewal = 0; renewal < 40; renewal += 1) {
      await browser.token(server.mint({ bulk: 'x'.repeat(5_000), o: { id: `org_${renewal}` } }))
    }
    await reader.viewWhere(({ orgId }) => orgId === 'org_39')
    await vi.advanceTimersByTimeAsync(20_010)
    await eventually(() => server.auth.stats().streams === 1, 'the end of the stalled stream')
    expect((await reader.next())?.event).toBe('ping')
  })

  it('leaves no stream behind if the browser has gone before its answer', async () => {
    const memory = createMemorySessionStore()
    let goOn: (() => void) | undefined
    const store: SessionStore = {
      ...memory,
      async read(...request) {
        await new Promise<void>((resolve) => (goOn = resolve))
        return memory.read(...request)
      },
    }
    const server = await startServer({ store })
    const cookie = `__Host-authchart=${'A'.repeat(43)}`
    const asked = server.sendExactly({ path: '/auth/events', headers: { cookie } }).catch((error: unknown) => error)
    await eventually(() => goOn !== undefined, 'the request')
    for (const socket of server.sockets) socket.destroy()
    await asked
    goOn?.()
    await eventually(() => server.auth.stats().sessions === 1, 'the session')
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    expect(server.auth.stats().streams).toBe(0)
  })
})
