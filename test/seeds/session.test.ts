import { expect, it, vi } from 'vitest'
import type { ServerAuthChange, AuthServerOptions } from '../../adapters/h3/index.ts'
import type { AuthView } from '../../machines/index.ts'
import { session, startAuth } from '../auth-machine/harness.ts'
import { eventually, startServer, useVirtualTime, virtualEpoch } from '../h3/harness.ts'

const issuer = 'https://clerk.example.test'
const unreachable: AuthServerOptions = { keys: { jwksUrl: 'http://127.0.0.1:1/jwks' } }

/** Starts a server whose token checks end when the test says so. */
async function startHeld() {
  const checks: (() => void)[] = []
  const validate = () => new Promise<void>((resolve) => void checks.push(resolve))
  const server = await startServer({ claims: { issuer, validate } })
  return { server, checks, inTheAir: (count: number) => eventually(() => checks.length >= count, `check ${count}`) }
}

it('C1 isSignedIn is true only after the server has verified a token', async () => {
  const { server, checks, inTheAir } = await startHeld()
  const browser = server.browser()
  const stream = await browser.open()
  expect((await stream.view()).isSignedIn).toBe(false)
  expect((await browser.token('junk')).body.view?.isSignedIn).toBe(false)
  const posted = browser.token(server.mint())
  await inTheAir(1)
  expect((await browser.session()).body).toMatchObject({ state: 'verifying', isSignedIn: false })
  checks[0]?.()
  expect((await posted).body.isSignedIn).toBe(true)
})

it.each([
  ['a good one', (good: string) => good, { state: 'signedIn', authChecked: true }],
  ['a bad one', () => 'junk', { state: 'signedOut', authChecked: true }],
])('C2 authChecked says that a verdict arrived: %s', async (_, toToken, verdict) => {
  const server = await startServer()
  const browser = server.browser()
  expect(await (await browser.open()).view()).toMatchObject({ state: 'unchecked', authChecked: false })
  await browser.token(toToken(server.mint()))
  expect((await browser.session()).body).toMatchObject(verdict)
})

it('C2 authChecked is false while nothing could be decided, whatever was known before', async () => {
  const server = await startServer(unreachable)
  const browser = server.browser()
  await browser.open()
  await browser.clear()
  expect((await browser.session()).body).toMatchObject({ state: 'signedOut', authChecked: true })
  expect((await browser.token(server.mint())).status).toBe(503)
  expect((await browser.session()).body).toMatchObject({ state: 'error', authChecked: false, isSignedIn: false })
})

it('C3 claims and userId are those of the verified token, and null before and after', async () => {
  const seen: unknown[] = []
  const server = await startServer({}, (app, auth) => {
    app.get('/see', async (event) => {
      const { userId, claims } = await auth.session(event)
      seen.push([userId, claims && [claims['sub'], claims['email']]])
      return ''
    })
  })
  const browser = server.browser()
  await browser.open()
  await browser.get('/see')
  await browser.token(server.mint({ email: 'ada@example.test' }))
  await browser.get('/see')
  await browser.clear()
  await browser.get('/see')
  expect(seen).toEqual([
    [null, null],
    ['user_a', ['user_a', 'ada@example.test']],
    [null, null],
  ])
})

it.each([undefined, null, '', 7, ['user_a']])('C3 a token with %j for a sub signs nobody in', async (sub) => {
  const server = await startServer()
  const { status, body } = await server.browser().token(server.mint({ sub }))
  expect([status, body.code]).toEqual([401, 'token-claims'])
  expect(body.view).toMatchObject({ state: 'signedOut', isSignedIn: false, userId: null, claims: null })
  expect(server.auth.stats()).toMatchObject({ sessions: 0, signedIn: 0 })
})

it('C4 error has a code, a message and retryable, until the next success', async () => {
  const server = await startServer()
  const browser = server.browser()
  await browser.open()
  await browser.token(server.mint({ exp: 1 }))
  const { error } = (await browser.session()).body
  expect(error).toEqual({ code: 'token-expired', message: expect.any(String), retryable: true })
  await browser.token(server.mint({ iss: 'https://evil.example' }))
  expect((await browser.session()).body.error).toMatchObject({ code: 'token-claims', retryable: false })
  expect((await browser.token(server.mint())).body.error).toBeNull()
})

it('C5 authWaitTimeout ends the wait, and the view says that nothing was checked', async () => {
  useVirtualTime()
  let asked = 0
  const answers: AuthView[] = []
  const server = await startServer({ authWaitTimeout: 2_500 }, (app, auth) => {
    app.get('/load', async (event) => {
      asked += 1
      const view = await auth.whenChecked(event)
      answers.push(view)
      return view
    })
  })
  const browser = server.browser()
  const stream = await browser.open()
  expect((await stream.view()).timedOut).toBe(false)
  const loading = browser.get('/load')
  await eventually(() => asked === 1, 'the request')
  await vi.advanceTimersByTimeAsync(2_499)
  expect(answers).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect((await loading).body).toMatchObject({ state: 'unchecked', authChecked: false, timedOut: true })
  expect((await stream.view()).timedOut).toBe(true)
})

it.each([-1, Number.NaN, Infinity, '1', null])('C5 authWaitTimeout is validated: %j', async (authWaitTimeout) => {
  await expect(startServer({ authWaitTimeout: authWaitTimeout as number })).rejects.toThrow(
    new TypeError('createAuthServer: authWaitTimeout must be a number of ms, 0 or more'),
  )
})

it.each(['unchecked', 'verifying', 'signedIn', 'signedOut', 'error'])('C9 a clear is accepted in %s', async (state) => {
  const auth = startAuth()
  if (state !== 'unchecked') auth.token()
  if (state === 'signedIn') await auth.accept(session())
  if (state === 'signedOut') await auth.refuse('token-signature')
  if (state === 'error') await auth.refuse('keys-unavailable')
  expect(auth.view().state).toBe(state)
  auth.actor.send({ type: 'session.cleared' })
  expect(auth.view()).toMatchObject({ state: 'signedOut', authChecked: true, userId: null, claims: null })
})

it('C9 a clear calls the listeners, and a second one without a change does not', async () => {
  const server = await startServer()
  const reasons: string[] = []
  server.auth.onAuthChange(({ reason }: ServerAuthChange) => reasons.push(reason))
  const browser = server.browser()
  await browser.open()
  await browser.clear()
  await browser.token(server.mint())
  await browser.clear()
  await browser.clear()
  expect(reasons).toEqual(['token', 'cleared'])
})

it('C10 a clear that overtakes a token wins, and the late token signs nobody in again', async () => {
  const { server, checks, inTheAir } = await startHeld()
  const browser = server.browser()
  await browser.open()
  const token = server.mint()
  const posted = browser.token(token)
  await inTheAir(1)
  const cleared = browser.clear()
  expect((await posted).body.view).toMatchObject({ state: 'signedOut', isSignedIn: false })
  // The token is checked once more, but only to learn which session's tokens are refused from now on.
  await inTheAir(2)
  for (const pass of checks) pass()
  expect((await cleared).body).toMatchObject({ state: 'signedOut', isSignedIn: false })
  const late = browser.token(token)
  await inTheAir(3)
  checks[2]?.()
  expect([(await late).status, (await late).body.code]).toEqual([401, 'token-superseded'])
  expect((await browser.session()).body).toMatchObject({ state: 'signedOut', isSignedIn: false })
})

it('C11 a session ends at exp plus the clock tolerance by itself, on time, and on every stream', async () => {
  useVirtualTime()
  const server = await startServer()
  const browser = server.browser()
  const stream = await browser.open()
  await browser.token(server.mint())
  await stream.viewWhere(({ isSignedIn }) => isSignedIn)
  await vi.advanceTimersByTimeAsync(119_999)
  expect((await browser.session()).body.isSignedIn).toBe(true)
  await vi.advanceTimersByTimeAsync(1)
  const ended = await stream.viewWhere(({ isSignedIn }) => !isSignedIn)
  expect(ended).toMatchObject({ state: 'signedOut', userId: null, error: { code: 'token-expired' } })
  expect(ended.now).toBe(virtualEpoch + 120_000)
})

it('C11 no read says signed in past it, even if no timer fired', async () => {
  useVirtualTime()
  const server = await startServer()
  const browser = server.browser()
  await browser.open()
  await browser.token(server.mint())
  vi.setSystemTime(virtualEpoch + 120_000)
  expect((await browser.session()).body).toMatchObject({ isSignedIn: false, userId: null })
})
