import type { H3 } from 'h3'
import { describe, expect, it, vi } from 'vitest'
import { createMemorySessionStore, type AuthServer, createAuthServer } from '../../adapters/h3/index.ts'
import { MissingSecretKeyError, isAuthError, type AuthUser } from '../../machines/index.ts'
import { createProfile } from '../kit/auth-fixtures.ts'
import { requestsTo, startWithClerk } from './clerk-harness.ts'
import { eventually, signer, startServer, useVirtualTime } from './harness.ts'

const userRequests = /\/v1\/users\/user_/

/** Adds a route that answers with the user, or with the error. */
function addMe(app: H3, auth: AuthServer) {
  app.get('/me', async (event) => {
    try {
      const { id, firstName, primaryEmailAddress } = await auth.getUser(event)
      return { id, firstName, email: primaryEmailAddress?.emailAddress }
    } catch (error) {
      if (!isAuthError(error)) throw error
      return { name: error.name, code: error.code, message: error.message }
    }
  })
}

describe('getUser (C19)', () => {
  it("gives Clerk's user of the signed-in session", async () => {
    const { signIn } = await startWithClerk({}, addMe)
    const { browser } = await signIn()
    expect((await browser.get('/me')).body).toEqual({ id: 'user_ada', firstName: 'Ada', email: 'ada@example.test' })
  })

  it('asks Clerk once for all callers at the same time, and again after 10 s', async () => {
    const { clerk, signIn } = await startWithClerk({ clock: () => now }, addMe)
    let now = Date.now()
    const { browser } = await signIn()
    await Promise.all(Array.from({ length: 20 }, () => browser.get('/me')))
    now += 9_000
    await browser.get('/me')
    expect(requestsTo(clerk, userRequests)).toBe(1)
    now += 1_001
    await browser.get('/me')
    expect(requestsTo(clerk, userRequests)).toBe(2)
  })

  it('rejects with MissingUserError for no user id if nobody is signed in', async () => {
    const { clerk, server } = await startWithClerk({}, addMe)
    expect((await server.send('/me')).body).toMatchObject({
      name: 'MissingUserError',
      code: 'not-signed-in',
      message: expect.stringMatching(/^No user id/) as string,
    })
    expect(requestsTo(clerk, userRequests)).toBe(0)
  })

  it('rejects with MissingUserError for no user found if Clerk no longer knows the user', async () => {
    const { clerk, signIn } = await startWithClerk({}, addMe)
    const { browser } = await signIn()
    clerk.deleteUser('user_ada')
    expect((await browser.get('/me')).body).toMatchObject({
      name: 'MissingUserError',
      code: 'not-found',
      message: expect.stringMatching(/^No user found/) as string,
    })
  })

  it.each([
    ['500', { status: 500 }],
    ['429', { status: 429 }],
    ['a cut connection', { drop: true }],
    ['HTML', { body: '<html>' }],
  ])('rejects with a typed error if Clerk answers with %s, and does not cache that', async (_, fault) => {
    const { clerk, signIn } = await startWithClerk({}, addMe)
    const { browser } = await signIn()
    clerk.addFault({ path: '/v1/users', ...fault })
    expect((await browser.get('/me')).body).toMatchObject({ name: 'AuthError', code: 'user-load-failed' })
    clerk.clearFaults()
    expect((await browser.get('/me')).body).toMatchObject({ id: 'user_ada' })
  })

  it('gives up after 5 s on a Clerk that hangs', async () => {
    const { clerk, signIn } = await startWithClerk({}, addMe)
    const { browser } = await signIn()
    clerk.addFault({ path: '/v1/users', stall: 'headers' })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const asked = browser.get('/me')
    await eventually(() => requestsTo(clerk, userRequests) === 1, 'the request')
    vi.advanceTimersByTime(5_000)
    expect((await asked).body).toMatchObject({ code: 'user-load-failed' })
  })

  it('reports an outage of the keys as such, not as a missing user', async () => {
    const { server } = await startWithClerk({ keys: { jwksUrl: 'http://127.0.0.1:1/jwks' } }, addMe)
    const headers = { authorization: `Bearer ${server.mint()}` }
    expect((await server.send('/me', { headers })).body).toMatchObject({ code: 'keys-unavailable' })
  })

  it('says that it has no secret key to ask with', async () => {
    const server = await startServer({}, addMe)
    const browser = server.browser()
    await browser.token(server.mint())
    expect((await browser.get('/me')).body).toMatchObject({ name: 'MissingSecretKeyError' })
  })
})

describe('loadUser (C20, C21)', () => {
  it('true: the profile comes to the view after the sign-in, with the primary address, and leaves with the user', async () => {
    const { clerk, signIn } = await startWithClerk({ loadUser: true })
    const { browser, stream, session } = await signIn()
    const { user } = (await browser.session()).body.user
      ? (await browser.session()).body
      : await stream.viewWhere((view) => view.user !== null)
    expect(user).toEqual({
      id: 'user_ada',
      firstName: 'Ada',
      lastName: 'Lovelace',
      username: null,
      emailAddress: 'ada@example.test',
      hasImage: false,
      imageUrl: expect.any(String) as string,
    })
    await browser.token(clerk.mintToken({ session }))
    expect((await browser.session()).body.user?.id).toBe('user_ada')
    expect(requestsTo(clerk, userRequests)).toBe(1)
    expect((await browser.clear()).body.user).toBeNull()
  })

  it('true needs a secret key, at construction', () => {
    const options = { keys: { jwks: signer.jwks }, clerk: {}, logger: {}, loadUser: true }
    expect(() => createAuthServer(options)).toThrow(MissingSecretKeyError)
  })

  it('is off by default', async () => {
    const { clerk, signIn } = await startWithClerk()
    const { browser } = await signIn()
    expect((await browser.session()).body.user).toBeNull()
    expect(requestsTo(clerk, userRequests)).toBe(0)
  })
})

/** Starts a server whose profiles wait for the test. */
async function startHeld(options: Parameters<typeof startServer>[0] = {}) {
  const loads: { userId: string; give: (user: unknown) => void; fail: () => void }[] = []
  const loadUser = (userId: string) =>
    new Promise<AuthUser>((resolve, reject) => {
      loads.push({ userId, give: (user) => resolve(user as AuthUser), fail: () => reject(new Error('down')) })
    })
  return { loads, server: await startServer({ loadUser, ...options }) }
}

describe('the loading of a profile', () => {
  it('does not delay the sign-in, and brings one more view', async () => {
    const { loads, server } = await startHeld()
    const browser = server.browser()
    const { body } = await browser.token(server.mint())
    expect([body.isSignedIn, body.user]).toEqual([true, null])
    const stream = await browser.open()
    loads[0]?.give(createProfile())
    expect((await stream.viewWhere(({ user }) => user !== null)).user).toEqual(createProfile())
  })

  it('is dropped if the user has changed in the meantime', async () => {
    const { loads, server } = await startHeld()
    const browser = server.browser()
    await browser.token(server.mint())
    await browser.token(server.mint({ sub: 'user_b', sid: 'sess_b' }))
    expect(loads.map(({ userId }) => userId)).toEqual(['user_a', 'user_b'])
    loads[0]?.give(createProfile())
    await new Promise((resolve) => setImmediate(resolve))
    expect((await browser.session()).body).toMatchObject({ userId: 'user_b', user: null, error: null })
    loads[1]?.give(createProfile({ id: 'user_b' }))
    await eventually(async () => (await browser.session()).body.user?.id === 'user_b', 'the profile')
  })

  it('is dropped if the user has signed out in the meantime', async () => {
    const { loads, server } = await startHeld()
    const browser = server.browser()
    await browser.token(server.mint())
    await browser.clear()
    loads[0]?.give(createProfile())
    await new Promise((resolve) => setImmediate(resolve))
    expect((await browser.session()).body.user).toBeNull()
  })

  it('may fail without a sign-out: the view has an error, and the next token tries again', async () => {
    const { loads, server } = await startHeld()
    const browser = server.browser()
    await browser.token(server.mint())
    loads[0]?.fail()
    await eventually(async () => (await browser.session()).body.error?.code === 'user-load-failed', 'the error')
    expect((await browser.session()).body).toMatchObject({ isSignedIn: true, userId: 'user_a', user: null })
    expect(server.lines).toContainEqual(['error', 'user.load.failed', expect.objectContaining({ userId: 'user_a' })])
    expect((await browser.token(server.mint())).body).toMatchObject({ isSignedIn: true, error: null })
    loads[1]?.give(createProfile())
    await eventually(async () => (await browser.session()).body.user !== null, 'the profile')
    await browser.token(server.mint())
    expect(loads).toHaveLength(2)
  })

  it('is given up after 5 s if it hangs', async () => {
    useVirtualTime()
    const { server } = await startHeld()
    const browser = server.browser()
    await browser.token(server.mint())
    await vi.advanceTimersByTimeAsync(5_000)
    expect((await browser.session()).body).toMatchObject({ isSignedIn: true, error: { code: 'user-load-failed' } })
  })

  it.each([
    ['of another user', createProfile({ id: 'user_b' })],
    ['that is none', null],
  ])('counts %s as a failure', async (_, profile) => {
    const { loads, server } = await startHeld()
    const browser = server.browser()
    await browser.token(server.mint())
    loads[0]?.give(profile)
    await eventually(async () => (await browser.session()).body.error?.code === 'user-load-failed', 'the error')
    expect((await browser.session()).body).toMatchObject({ isSignedIn: true, user: null })
  })

  it('takes only its own fields, because a loader may return a whole row', async () => {
    const { loads, server } = await startHeld()
    const browser = server.browser()
    await browser.token(server.mint())
    loads[0]?.give({ ...createProfile(), passwordHash: 'secret' })
    await eventually(async () => (await browser.session()).body.user !== null, 'the profile')
    expect((await browser.session()).body.user).toEqual(createProfile())
  })

  it('is stored in the record, so that another node shows the profile without loading it', async () => {
    const store = createMemorySessionStore()
    const [one, two] = [await startHeld({ store }), await startHeld({ store })]
    const browser = one.server.browser()
    await browser.token(one.server.mint())
    const session = () => two.server.send('/auth/session', { headers: { cookie: browser.cookie ?? '' } })
    expect((await session()).body).toMatchObject({ isSignedIn: true, user: null })
    one.loads[0]?.give(createProfile())
    await eventually(async () => (await session()).body.user?.id === 'user_a', 'the profile')
    expect(two.loads).toEqual([])
  })

  it('does not happen for a token that a request carries and no session keeps', async () => {
    const { loads, server } = await startHeld()
    await server.send('/auth/session', { headers: { authorization: `Bearer ${server.mint()}` } })
    expect(loads).toEqual([])
  })
})
