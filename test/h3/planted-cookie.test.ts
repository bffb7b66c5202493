import type { H3Event } from 'h3'
import { describe, expect, it, vi } from 'vitest'
import type { AuthServer } from '../../adapters/h3/index.ts'
import { eventually, startServer, useVirtualTime } from './harness.ts'

/** Starts a server with a slow guarded route. It also reports the end of the requests that were let in. */
async function startGuarded() {
  const admitted: { readonly event: H3Event; readonly signal: AbortSignal }[] = []
  let auth!: AuthServer
  const server = await startServer({ authWaitTimeout: 60_000 }, (app, made) => {
    auth = made
    app.use('/guarded', made.requireAuth())
    app.use('/guarded', made.requireAuth({ check: () => true }))
    app.get('/guarded', async (event) => {
      admitted.push({ event, signal: made.signal(event) })
      return (await made.session(event)).userId
    })
  })
  const browser = server.browser()
  await browser.open()
  const planted = { cookie: browser.cookie ?? '' }
  const waitWithPlanted = () => server.send('/guarded', { headers: planted })
  /** Returns the number of requests that wait. */
  const waiting = () => server.lines.filter(([, code]) => code === 'check.awaited').length
  return { server, auth, browser, planted, admitted, waitWithPlanted, waiting }
}

describe('a cookie that was planted before the sign-in', () => {
  it('admits a request that waits for the sign-in, but only as long as the cookie is recognised', async () => {
    useVirtualTime()
    const { server, auth, browser, admitted, waitWithPlanted, waiting } = await startGuarded()
    const request = waitWithPlanted()
    await eventually(() => waiting() === 1, 'the wait')
    await browser.token(server.mint())
    expect((await request).status).toBe(200)
    const { event, signal } = admitted[0]!
    expect([signal.aborted, (await auth.session(event)).userId]).toEqual([false, 'user_a'])
    // A renewal does not end it either.
    await vi.advanceTimersByTimeAsync(9_000)
    await browser.token(server.mint())
    expect(signal.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(1_001)
    expect(signal.aborted).toBe(true)
    expect(signal.reason).toMatchObject({ code: 'not-signed-in' })
    expect(await auth.session(event)).toMatchObject({ isSignedIn: false, userId: null })
    const later = auth.signal(event)
    await eventually(() => later.aborted, 'the end')
    expect((await auth.whenChecked(event, { timeout: 0 })).userId).toBeNull()
    expect((await browser.get('/guarded')).status).toBe(200)
  })

  it('loses the admitted requests at sign-out too', async () => {
    const { server, browser, admitted, waitWithPlanted, waiting } = await startGuarded()
    const request = waitWithPlanted()
    await eventually(() => waiting() === 1, 'the wait')
    await browser.token(server.mint())
    await request
    await browser.clear()
    expect(admitted[0]!.signal.aborted).toBe(true)
  })

  it('lets at most 16 requests wait, and asks the others to come back', async () => {
    const { server, browser, waitWithPlanted, waiting } = await startGuarded()
    const first = Array.from({ length: 16 }, waitWithPlanted)
    await eventually(() => waiting() === 16, 'the waits')
    const refused = await Promise.all(Array.from({ length: 100 }, waitWithPlanted))
    expect(new Set(refused.map(({ status, body }) => `${status} ${body.code}`))).toEqual(
      new Set(['429 too-many-requests']),
    )
    expect(refused[0]!.headers.get('retry-after')).toBe('1')
    await browser.token(server.mint())
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual(Array.from({ length: 16 }, () => 200))
    // The places of those requests are free again.
    const other = server.browser()
    await other.open()
    const later = server.send('/guarded', { headers: { cookie: other.cookie ?? '' } })
    await eventually(() => waiting() >= 117, 'the wait')
    await other.token(server.mint({ sub: 'user_b', sid: 'sess_b' }))
    expect((await later).status).toBe(200)
  })

  it('does not limit requests that wait with a cookie of their own', async () => {
    const { server, browser } = await startGuarded()
    await browser.token(server.mint())
    const answers = await Promise.all(Array.from({ length: 40 }, () => browser.get('/guarded')))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  })

  it('shows nobody by a stream without a tab if the sign-in has no tab either', async () => {
    const { server, planted } = await startGuarded()
    const stream = await server.open(planted)
    const { cookie } = await server.post({ type: 'token.received', token: server.mint() }, planted)
    await stream.ended
    expect(stream.text()).toContain('event: bye\ndata: {"reason":"rotated"}')
    expect(stream.text()).not.toContain('user_a')
    const back = await server.open({ cookie: cookie ?? '' })
    expect((await back.view()).userId).toBe('user_a')
  })
})
