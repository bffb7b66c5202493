import { describe, expect, it } from 'vitest'
import type { LoadHandler } from '../../adapters/h3/index.ts'
import { AuthError } from '../../machines/index.ts'
import { startServer } from './harness.ts'

/** Starts an app with a page whose load runs the handlers. */
async function startPage(handlers: LoadHandler | readonly LoadHandler[] | null, authWaitTimeout = 100) {
  const server = await startServer({ authWaitTimeout }, (app, auth) => app.get('/page', auth.onLoad(handlers)))
  return { server, browser: server.browser() }
}

describe('onLoad (C15)', () => {
  it('runs one handler after the check, with the event and the view, and answers with its value', async () => {
    const { server, browser } = await startPage((event, view) => [event.url.pathname, view.userId, view.timedOut])
    await browser.token(server.mint())
    expect((await browser.get('/page')).body).toEqual(['/page', 'user_a', false])
  })

  it('runs a list in order, one after the other, and answers with the last value', async () => {
    const order: string[] = []
    const { browser } = await startPage([
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        order.push('first')
        return 'first'
      },
      () => void order.push('second'),
      (_, { state }) => ({ order: [...order, 'third'], state }),
    ])
    expect((await browser.get('/page')).body).toEqual({ order: ['first', 'second', 'third'], state: 'unchecked' })
  })

  it('runs nothing for null, and answers empty', async () => {
    const { browser } = await startPage(null)
    expect((await browser.get('/page')).status).toBe(200)
  })

  it('also runs the handlers if no verdict came in time, and says so', async () => {
    const { browser } = await startPage((_, { timedOut, authChecked, isSignedIn }) => [
      timedOut,
      authChecked,
      isSignedIn,
    ])
    await browser.open()
    expect((await browser.get('/page')).body).toEqual([true, false, false])
  })

  it('says timedOut for this load, not for an earlier one', async () => {
    const { server, browser } = await startPage((_, { timedOut, isSignedIn }) => [timedOut, isSignedIn])
    const stream = await browser.open()
    await stream.viewWhere(({ timedOut }) => timedOut)
    await browser.token(server.mint())
    expect((await browser.get('/page')).body).toEqual([false, true])
  })

  it('ends the request if a handler throws: an AuthError becomes its problem, any other error a 500', async () => {
    const later: string[] = []
    const { browser } = await startPage([
      () => {
        throw new AuthError('forbidden')
      },
      () => later.push('ran'),
    ])
    const { status, body } = await browser.get('/page')
    expect([status, body.code]).toEqual([403, 'forbidden'])
    const broken = await startPage(() => Promise.reject(new Error('broken')))
    expect((await broken.browser.get('/page')).status).toBe(500)
    expect(later).toEqual([])
  })

  it.each([[undefined], ['handler'], [[() => 1, null]], [{}]])(
    'throws a TypeError at once for %j, which is not a handler',
    async (handlers) => {
      const { auth } = await startServer()
      expect(() => auth.onLoad(handlers as never)).toThrow(
        new TypeError('onLoad: handlers must be a function, a list of functions, or null'),
      )
    },
  )
})

describe('a token whose check takes longer than the wait', () => {
  it('leaves a request without a session undecided: 503 instead of 401, and timedOut', async () => {
    const server = await startServer(
      {
        authWaitTimeout: 50,
        claims: { issuer: 'https://clerk.example.test', validate: () => new Promise<void>(() => {}) },
      },
      (app, auth) => {
        app.use('/api/**', auth.requireAuth())
        app.get(
          '/page',
          auth.onLoad((_, { state, timedOut }) => [state, timedOut]),
        )
      },
    )
    const headers = { authorization: `Bearer ${server.mint()}` }
    const { status, body } = await server.send('/api/x', { headers })
    expect([status, body.code]).toEqual([503, 'verify-timeout'])
    expect((await server.send('/page', { headers })).body).toEqual(['verifying', true])
  })
})
