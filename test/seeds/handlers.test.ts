import { expect, it, vi } from 'vitest'
import { createMemorySessionStore, type ServerAuthChange, type LoadHandler } from '../../adapters/h3/index.ts'
import { whenChecked, type AuthView } from '../../machines/index.ts'
import { session, startAuth } from '../auth-machine/harness.ts'
import { eventually, startServer, useVirtualTime } from '../h3/harness.ts'

it('C14 a listener hears of logins and logouts, once each even if registered twice, and of no renewal', async () => {
  const server = await startServer()
  const heard: (string | null)[] = []
  const listener = ({ view }: ServerAuthChange) => void heard.push(view.userId)
  server.auth.onAuthChange(listener)
  server.auth.onAuthChange(listener)
  const browser = server.browser()
  await browser.open()
  await browser.token(server.mint())
  for (let renewal = 0; renewal < 3; renewal += 1) await browser.token(server.mint())
  await browser.token(server.mint({ sub: 'user_b', sid: 'sess_b' }))
  await browser.clear()
  await browser.clear()
  expect(heard).toEqual(['user_a', 'user_b', null])
})

it('C14 a listener that throws or rejects does not affect the others, and one that unsubscribed hears nothing', async () => {
  const server = await startServer()
  const heard: string[] = []
  server.auth.onAuthChange(() => {
    throw new Error('thrown')
  })
  server.auth.onAuthChange(() => Promise.reject(new Error('rejected')))
  const leave = server.auth.onAuthChange(() => void heard.push('left'))
  server.auth.onAuthChange(({ reason }) => void heard.push(reason))
  leave()
  expect((await server.browser().token(server.mint())).status).toBe(200)
  expect(heard).toEqual(['token'])
  await eventually(() => server.lines.filter(([, code]) => code === 'listener.failed').length === 2, 'both log lines')
})

it('C15 handlers run after the check, in order, and the last one answers; none is fine too', async () => {
  const ran: [string, string | null][] = []
  const note =
    (name: string): LoadHandler =>
    (_, view) => {
      ran.push([name, view.userId])
      return { name }
    }
  const slowly: LoadHandler = async (event, view) => {
    await Promise.resolve()
    return note('slowly')(event, view)
  }
  const server = await startServer({}, (app, auth) => {
    app.get('/none', auth.onLoad(null))
    app.get('/one', auth.onLoad(note('one')))
    app.get('/list', auth.onLoad([slowly, note('last')]))
  })
  const browser = server.browser()
  await browser.token(server.mint())
  expect((await browser.get('/none')).status).toBe(200)
  expect((await browser.get('/one')).body).toEqual({ name: 'one' })
  expect((await browser.get('/list')).body).toEqual({ name: 'last' })
  expect(ran).toEqual(['one', 'slowly', 'last'].map((name) => [name, 'user_a']))
})

it('C15 handlers also run after the timeout, and can see that', async () => {
  useVirtualTime()
  const views: AuthView[] = []
  let asked = 0
  const server = await startServer({ authWaitTimeout: 700 }, (app, auth) => {
    app.use('/load', () => void (asked += 1))
    app.get(
      '/load',
      auth.onLoad((_, view) => {
        views.push(view)
        return { ran: true }
      }),
    )
  })
  const browser = server.browser()
  await browser.open()
  const loading = browser.get('/load')
  await eventually(() => asked === 1, 'the request')
  await new Promise((resolve) => setImmediate(resolve))
  expect(views).toEqual([])
  await vi.advanceTimersByTimeAsync(700)
  expect((await loading).body).toEqual({ ran: true })
  expect(views).toMatchObject([{ timedOut: true, authChecked: false, isSignedIn: false }])
})

it.each([undefined, 'handler', [null], {}])(
  'C15 %j is not a handler, which is an error before the first request',
  async (handlers) => {
    const { auth } = await startServer()
    expect(() => auth.onLoad(handlers as never)).toThrow(
      new TypeError('onLoad: handlers must be a function, a list of functions, or null'),
    )
  },
)

it('C16 all waiting calls resolve together with the verdict, and nothing polls', async () => {
  const auth = startAuth()
  const waiting = Array.from({ length: 100 }, () => whenChecked(auth.actor, { timeout: 5_000 }))
  const order: string[] = []
  for (const wait of waiting) void wait.then(({ state }) => order.push(state))
  auth.token()
  await Promise.resolve()
  expect(order).toEqual([])
  await auth.accept(session())
  await Promise.all(waiting)
  // No virtual time has passed, so code that polls would not have looked yet.
  expect(auth.clock.now()).toBe(0)
  expect(order).toEqual(Array.from({ length: 100 }, () => 'signedIn'))
})

it('C16 over HTTP a wait of an hour ends with the verdict, and no interval runs for it', async () => {
  useVirtualTime()
  const views: AuthView[] = []
  let asked = 0
  const server = await startServer({}, (app, auth) => {
    app.get('/load', async (event) => {
      asked += 1
      views.push(await auth.whenChecked(event, { timeout: 3_600_000 }))
      return ''
    })
  })
  const browser = server.browser()
  await browser.open()
  await vi.advanceTimersByTimeAsync(2_000)
  const intervals = vi.spyOn(globalThis, 'setInterval')
  const loading = Array.from({ length: 5 }, () => browser.get('/load'))
  await eventually(() => asked === 5, 'the requests')
  expect([views.length, intervals.mock.calls.filter(([, delay]) => (delay ?? 0) <= 1_000).length]).toEqual([0, 0])
  await browser.token(server.mint())
  await Promise.all(loading)
  expect(views.map(({ isSignedIn, timedOut }) => [isSignedIn, timedOut])).toEqual(
    Array.from({ length: 5 }, () => [true, false]),
  )
})

it('C16 a wait for an unknown browser returns at once, and causes no warning', async () => {
  useVirtualTime()
  const server = await startServer({}, (app, auth) => void app.get('/load', (event) => auth.whenChecked(event)))
  const { body } = await server.send('/load', { headers: { cookie: `authchart=${'A'.repeat(43)}` } })
  expect(body).toMatchObject({ state: 'unchecked', authChecked: false })
})

it('C16 every worker knows what another has decided', async () => {
  const store = createMemorySessionStore()
  const extend: Parameters<typeof startServer>[1] = (app, auth) =>
    void app.get('/load', (event) => auth.whenChecked(event))
  const [one, two] = [await startServer({ store }, extend), await startServer({ store }, extend)]
  const browser = one.browser()
  await browser.token(one.mint())
  const headers = { cookie: browser.cookie ?? '' }
  expect((await two.send('/load', { headers })).body).toMatchObject({ isSignedIn: true, userId: 'user_a' })
  await two.post({ type: 'session.cleared' }, headers)
  expect((await one.send('/load', { headers })).body).toMatchObject({ state: 'signedOut', authChecked: true })
})
