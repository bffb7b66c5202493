import { describe, expect, it } from 'vitest'
import { createInspector } from '../../adapters/inspector/index.ts'
import { startServer } from './harness.ts'
import { mounting, mountingHono } from './hosts.ts'

describe.each([...mounting, ['app.mount of Hono', mountingHono] as const])('under a prefix, by %s', (_, openHost) => {
  it('signs in by the stream and the POST, and guards the other routes', async () => {
    const server = await startServer(
      {},
      (app, auth) => {
        app.use('/api/**', auth.requireAuth())
        app.get('/api/me', async (event) => ({ userId: (await auth.session(event)).userId }))
      },
      openHost,
    )
    const browser = server.browser()
    const stream = await browser.open()
    expect(await stream.view()).toMatchObject({ state: 'unchecked' })
    expect((await server.send('/api/me')).status).toBe(401)
    expect((await browser.token(server.mint())).body.isSignedIn).toBe(true)
    await stream.viewWhere(({ isSignedIn }) => isSignedIn)
    expect((await browser.session()).body.isSignedIn).toBe(true)
    expect((await browser.get('/api/me')).body.userId).toBe('user_a')
    stream.close()
  })

  it('knows the same paths and no others', async () => {
    const server = await startServer({}, undefined, openHost)
    for (const path of ['/auth', '/auth/', '/auth/other', '/auth/auth/session', '/auth/session/events']) {
      const { status, body } = await server.send(path)
      expect([path, status, body.code]).toEqual([path, 404, 'not-found'])
    }
    const { status, headers } = await server.send('/auth/session', { method: 'DELETE' })
    expect([status, headers.get('allow')]).toEqual([405, 'GET, OPTIONS'])
  })
})

it.each(mounting)(
  'the page of the inspector opens under a prefix, by %s, because its paths are relative',
  async (_, openHost) => {
    const inspector = createInspector()
    const server = await startServer({ inspect: inspector }, undefined, openHost)
    const link = inspector.link(`${server.url}/auth`)
    const entered = await fetch(link, { redirect: 'manual' })
    expect(entered.status).toBe(303)
    const cookie = entered.headers.get('set-cookie') ?? ''
    // Without a path the browser uses the folder of the page, because only the browser knows the whole path.
    expect(cookie).not.toMatch(/path/i)
    const page = new URL(entered.headers.get('location') ?? '', link)
    expect(page.href).toBe(`${server.url}/auth/inspect`)
    const sent = { headers: { cookie: cookie.split(';')[0]! } }
    expect((await fetch(page, sent)).status).toBe(200)
    const events = await fetch(new URL('inspect/events', page), sent)
    expect(events.headers.get('content-type')).toMatch(/^text\/event-stream/)
    await events.body?.cancel()
  },
)
