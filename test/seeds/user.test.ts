import type { H3Event } from 'h3'
import { expect, it, vi } from 'vitest'
import { createAuthServer, type AuthServer } from '../../adapters/h3/index.ts'
import { AuthError, isAuthError, MissingSecretKeyError, MissingUserError, type AuthUser } from '../../machines/index.ts'
import { eventually, startServer, useVirtualTime } from '../h3/harness.ts'
import { startOnClerk } from './clerk-server.ts'

/** Returns a route that answers with Clerk's user, or with the error. */
const userRoute = (auth: AuthServer) => async (event: H3Event) => {
  try {
    const { id, firstName, primaryEmailAddress } = await auth.getUser(event)
    return { id, firstName, email: primaryEmailAddress?.emailAddress }
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    return { name: error.name, code: error.code, message: error.message }
  }
}
const startWithRoute = () => startOnClerk({}, (app, auth) => void app.get('/user', userRoute(auth)))

it('C19 getUser is the Clerk user of the signed-in session, and all callers share one request', async () => {
  const { server, mint, asked } = await startWithRoute()
  const browser = server.browser()
  await browser.token(mint())
  const answers = await Promise.all(Array.from({ length: 20 }, () => browser.get('/user')))
  for (const { body } of answers) expect(body).toEqual({ id: 'user_ada', firstName: 'Ada', email: 'ada@example.test' })
  expect(asked('users/user_ada')).toBe(1)
})

it('C19 without a user id, and for a user that Clerk no longer knows, it throws MissingUserError', async () => {
  useVirtualTime()
  const { clerk, server, mint, asked } = await startWithRoute()
  const browser = server.browser()
  await browser.token(mint())
  const stranger = await server.browser().get('/user')
  expect(stranger.body).toMatchObject({ name: 'MissingUserError', code: 'not-signed-in' })
  expect((stranger.body as unknown as Error).message).toMatch(/no user id/i)
  expect(asked('users/')).toBe(0)
  clerk.deleteUser('user_ada')
  const gone = await browser.get('/user')
  expect(gone.body).toMatchObject({ name: 'MissingUserError', code: 'not-found' })
  expect((gone.body as unknown as Error).message).toMatch(/no user found/i)
})

it('C19 an outage of Clerk is another error, and no answer is older than 10 s', async () => {
  useVirtualTime()
  const { clerk, server, mint, asked } = await startWithRoute()
  const browser = server.browser()
  await browser.token(mint())
  const heal = clerk.addFault({ path: '/v1/users/', status: 500 })
  expect((await browser.get('/user')).body).toMatchObject({ name: 'AuthError', code: 'user-load-failed' })
  heal()
  const failed = asked('users/')
  for (let second = 0; second < 20; second += 1) {
    expect((await browser.get('/user')).body).toMatchObject({ id: 'user_ada' })
    await vi.advanceTimersByTimeAsync(1_000)
  }
  expect(asked('users/') - failed).toBe(2)
})

it('C20 view.user is the profile, with the primary address and not the first, until the sign-out', async () => {
  const { clerk, ada, server, mint } = await startOnClerk({ loadUser: true })
  const json = clerk.webhookEvent('user.updated', ada).data as { email_addresses: { id: string }[] }
  const first = { ...json.email_addresses[0], id: 'idn_first', email_address: 'first@example.test' }
  clerk.addFault({ path: '/v1/users/user_ada', body: { ...json, email_addresses: [first, ...json.email_addresses] } })
  const browser = server.browser()
  const stream = await browser.open()
  await browser.token(mint())
  const { user } = await stream.viewWhere((view) => view.user !== null)
  expect(user).toEqual({
    id: 'user_ada',
    firstName: 'Ada',
    lastName: 'Lovelace',
    username: 'ada',
    emailAddress: 'ada@example.test',
    hasImage: true,
    imageUrl: 'https://img.example.test/ada.png',
  })
  await browser.clear()
  expect((await stream.viewWhere(({ state }) => state === 'signedOut')).user).toBeNull()
})

it('C20 a profile that comes late is dropped if the user has changed in the meantime', async () => {
  const loads = new Map<string, (user: AuthUser) => void>()
  const server = await startServer({ loadUser: (id) => new Promise((resolve) => loads.set(id, resolve)) })
  const profile = (id: string): AuthUser => ({
    id,
    firstName: id,
    lastName: null,
    username: null,
    emailAddress: null,
    hasImage: false,
    imageUrl: '',
  })
  const browser = server.browser()
  const stream = await browser.open()
  await browser.token(server.mint())
  await browser.token(server.mint({ sub: 'user_b', sid: 'sess_b' }))
  await eventually(() => loads.size === 2, 'both loads')
  loads.get('user_a')?.(profile('user_a'))
  expect((await browser.session()).body).toMatchObject({ userId: 'user_b', user: null })
  loads.get('user_b')?.(profile('user_b'))
  expect((await stream.viewWhere(({ user }) => user !== null)).user).toEqual(profile('user_b'))
  expect(stream.text()).not.toContain('"firstName":"user_a"')
})

it.each([
  ['fails', () => Promise.reject(new Error('database down'))],
  ['throws', (): never => fail()],
  ['is of somebody else', () => Promise.resolve({ id: 'user_x' } as AuthUser)],
])('C20 a profile that %s is an error in the view, and never a failure to sign in', async (_, loadUser) => {
  const server = await startServer({ loadUser })
  const browser = server.browser()
  const stream = await browser.open()
  expect((await browser.token(server.mint())).status).toBe(200)
  const view = await stream.viewWhere(({ error }) => error !== null)
  expect(view).toMatchObject({ isSignedIn: true, user: null, error: { code: 'user-load-failed', retryable: true } })
})

function fail(): never {
  throw new Error('broken')
}

it('C21 no profile is requested without the option', async () => {
  for (const loadUser of [undefined, false]) {
    const { server, mint, asked } = await startOnClerk({ loadUser })
    const browser = server.browser()
    await browser.open()
    expect((await browser.token(mint())).body).toMatchObject({ isSignedIn: true, user: null })
    expect((await browser.session()).body.user).toBeNull()
    expect(asked('users')).toBe(0)
  }
})

it('C21 the option needs the secret key, and accepts only true, false or a function', async () => {
  vi.stubEnv('CLERK_SECRET_KEY', undefined)
  await expect(startServer({ loadUser: true })).rejects.toThrow(MissingSecretKeyError)
  vi.unstubAllEnvs()
  await expect(startServer({ loadUser: 'yes' as never })).rejects.toThrow('createAuthServer: loadUser must be')
})

it('C22 every error is an AuthError with a code; the two that the original names are subclasses of it', () => {
  const missingUser = new MissingUserError('no user found')
  expect(missingUser).toBeInstanceOf(AuthError)
  expect([missingUser.name, isAuthError(missingUser, 'not-found')]).toEqual(['MissingUserError', true])
  vi.stubEnv('CLERK_SECRET_KEY', undefined)
  let thrown: unknown
  try {
    createAuthServer()
  } catch (error) {
    thrown = error
  }
  vi.unstubAllEnvs()
  expect(thrown).toBeInstanceOf(AuthError)
  expect(thrown).toBeInstanceOf(MissingSecretKeyError)
  expect(isAuthError(thrown, 'internal')).toBe(true)
})
