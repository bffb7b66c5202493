import { describe, expect, it } from 'vitest'
import type { ServerAuthChange } from '../../adapters/h3/index.ts'
import { MissingSecretKeyError } from '../../machines/index.ts'
import { requestsTo, startClerk, startWithClerk } from './clerk-harness.ts'
import { startServer, type TestServer } from './harness.ts'

describe('revoke', () => {
  it('of a Clerk session signs out everywhere at once, and the next renewal does not undo it', async () => {
    const { server, mint, signIn } = await startWithClerk()
    const changes: ServerAuthChange[] = []
    server.auth.onAuthChange((change) => changes.push(change))
    const { session, browser, stream } = await signIn()
    await server.auth.revoke({ sessionId: session.id })
    expect((await stream.viewWhere(({ isSignedIn }) => !isSignedIn)).error?.code).toBe('session-revoked')
    expect(changes.map(({ reason }) => reason)).toEqual(['token', 'revoked'])
    expect((await browser.token(mint(session))).body.code).toBe('session-revoked')
  })

  it('of a user ends all their sessions and refuses their later tokens, but allows a new sign-in', async () => {
    const { clerk, server, mint, signIn } = await startWithClerk()
    const [first, second, bob] = [await signIn(), await signIn('user_ada', 'tab2'), await signIn('user_bob')]
    await server.auth.revoke({ userId: 'user_ada' })
    for (const { session, browser, stream } of [first, second]) {
      await stream.viewWhere(({ isSignedIn }) => !isSignedIn)
      // Clerk's clock is ahead, so this token is from after the revocation.
      clerk.skewClock(5_000)
      expect((await browser.token(mint(session))).body.code).toBe('session-revoked')
    }
    expect((await bob.browser.session()).body.isSignedIn).toBe(true)
    expect((await server.browser().token(mint(clerk.createSession('user_ada')))).body.isSignedIn).toBe(true)
  })

  it('atClerk for a session stops Clerk from minting, and may be repeated', async () => {
    const { clerk, server, signIn } = await startWithClerk()
    const { session } = await signIn()
    await server.auth.revoke({ sessionId: session.id }, { atClerk: true })
    expect(session.status).toBe('revoked')
    await server.auth.revoke({ sessionId: session.id }, { atClerk: true })
    await server.auth.revoke({ sessionId: 'sess_nobody' }, { atClerk: true })
    expect(requestsTo(clerk, /\/revoke$/)).toBe(3)
  })

  it("atClerk for a user ends all living sessions, also those this server never saw, and no other user's", async () => {
    const { clerk, server, mint, signIn } = await startWithClerk()
    const seen = await signIn()
    const unseen = Array.from({ length: 12 }, () => clerk.createSession('user_ada'))
    const pending = clerk.createSession('user_ada')
    clerk.setSessionStatus(pending, 'pending')
    const over = clerk.createSession('user_ada')
    clerk.endSession(over)
    const bob = clerk.createSession('user_bob')
    // This token is from after the revocation, because Clerk's clock is ahead.
    clerk.skewClock(5_000)
    const ahead = mint(unseen[0])
    await server.auth.revoke({ userId: 'user_ada' }, { atClerk: true })
    expect([seen.session, pending, ...unseen].map(({ status }) => status)).toEqual(Array(14).fill('revoked'))
    expect([over.status, bob.status]).toEqual(['ended', 'active'])
    expect((await server.browser().token(ahead)).body.code).toBe('session-revoked')
  })

  it('atClerk while Clerk cannot be reached still signs out here, and the error says so', async () => {
    const { clerk, server, signIn } = await startWithClerk()
    const { session, browser, stream } = await signIn()
    clerk.addFault({ path: '/v1/sessions', status: 500 })
    for (const target of [{ sessionId: session.id }, { userId: 'user_ada' }]) {
      const failure: unknown = await server.auth.revoke(target, { atClerk: true }).catch((error: unknown) => error)
      expect(failure).toMatchObject({ name: 'AuthError', code: 'clerk-unavailable', retryable: true })
    }
    await stream.viewWhere(({ isSignedIn }) => !isSignedIn)
    expect((await browser.session()).body.isSignedIn).toBe(false)
    clerk.clearFaults()
    await server.auth.revoke({ sessionId: session.id }, { atClerk: true })
    expect(session.status).toBe('revoked')
  })

  it('atClerk revokes the other sessions even if Clerk fails to revoke one', async () => {
    const { clerk, server } = await startWithClerk()
    const sessions = Array.from({ length: 11 }, () => clerk.createSession('user_ada'))
    clerk.addFault({ path: `/v1/sessions/${sessions[10]?.id}/revoke`, status: 500 })
    await expect(server.auth.revoke({ userId: 'user_ada' }, { atClerk: true })).rejects.toThrow('Clerk')
    expect(sessions.filter(({ status }) => status === 'active')).toHaveLength(1)
  })

  it('names an argument that it cannot use, before it does anything', async () => {
    const server = await startServer()
    for (const target of [{}, { userId: '' }, { sessionId: 7 }, { sessionId: 'sess_a', userId: 'user_a' }]) {
      await expect(server.auth.revoke(target as never)).rejects.toThrow(TypeError)
    }
    const browser = server.browser()
    await browser.token(server.mint())
    await expect(server.auth.revoke({ userId: 'user_a' }, { atClerk: true })).rejects.toThrow(MissingSecretKeyError)
    expect((await browser.session()).body.isSignedIn).toBe(true)
  })
})

describe('revokeOthers', () => {
  const startApp = () =>
    startWithClerk({}, (app, auth) => {
      app.all(
        '/others',
        auth.onLoad(async (event) => {
          await auth.revokeOthers(event)
          return 'done'
        }),
      )
    })
  const ask = (
    server: TestServer,
    cookie = '',
    headers: Record<string, string> = { 'sec-fetch-site': 'same-origin' },
    method = 'POST',
  ) => server.send('/others', { method, headers: { cookie, ...headers } })

  it('ends every other Clerk session of the user, here and at Clerk, and keeps this one', async () => {
    const { clerk, server, mint, signIn } = await startApp()
    const [own, other, bob] = [await signIn(), await signIn('user_ada', 'tab2'), await signIn('user_bob')]
    const unseen = clerk.createSession('user_ada')
    // This token is from after the revocation, because Clerk's clock is ahead.
    clerk.skewClock(5_000)
    const ahead = [other.session, unseen].map(mint)
    expect((await ask(server, own.browser.cookie)).status).toBe(200)
    expect((await other.stream.viewWhere(({ isSignedIn }) => !isSignedIn)).error?.code).toBe('session-revoked')
    expect([other.session.status, unseen.status]).toEqual(['revoked', 'revoked'])
    for (const token of ahead) expect((await server.browser().token(token)).body.code).toBe('session-revoked')
    expect([own.session.status, bob.session.status]).toEqual(['active', 'active'])
    expect((await own.browser.token(mint(own.session))).body.isSignedIn).toBe(true)
    expect((await bob.browser.session()).body.isSignedIn).toBe(true)
  })

  it('does nothing for a stranger or for a page of another site', async () => {
    const { server, signIn } = await startApp()
    const [own, other] = [await signIn(), await signIn('user_ada', 'tab2')]
    expect((await ask(server)).body.code).toBe('not-signed-in')
    const sibling = { origin: 'https://blog.example.com', 'sec-fetch-site': 'same-site' }
    expect((await ask(server, own.browser.cookie, sibling)).body.code).toBe('origin-rejected')
    expect([own.session.status, other.session.status]).toEqual(['active', 'active'])
  })

  it('also checks the origin of a GET, because it changes something', async () => {
    const { server, mint, signIn } = await startApp()
    const [own, other] = [await signIn(), await signIn('user_ada', 'tab2')]
    const get = (headers: Record<string, string>) => ask(server, own.browser.cookie, headers, 'GET')
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'none' }, {}]) {
      expect((await get(headers as Record<string, string>)).body.code).toBe('origin-rejected')
    }
    expect(other.session.status).toBe('active')
    // A token outside a cookie cannot come from another site.
    const bearer = { authorization: `Bearer ${mint(own.session)}` }
    expect((await ask(server, '', bearer, 'GET')).status).toBe(200)
    expect([own.session.status, other.session.status]).toEqual(['active', 'revoked'])
    expect((await get({ 'sec-fetch-site': 'same-origin' })).status).toBe(200)
  })

  it('says so if Clerk cannot be reached, or if there is no secret key', async () => {
    const { clerk, server, signIn } = await startApp()
    const own = await signIn()
    clerk.addFault({ path: '/v1/sessions', status: 500 })
    expect((await ask(server, own.browser.cookie)).body.code).toBe('clerk-unavailable')
    const keyless = await startServer()
    await expect(keyless.auth.revokeOthers({} as never)).rejects.toThrow(MissingSecretKeyError)
  })
})

describe('two servers with two Clerk instances in one process (C18)', () => {
  it('a token of one never passes at the other, although both keys have the same id', async () => {
    const kid = 'ins_same'
    const instances = await Promise.all(
      ['one', 'two'].map(async (name) => {
        const clerk = await startClerk({ issuer: 'https://clerk.example.test' })
        const keys = { jwks: { keys: clerk.jwks().keys.map((key) => ({ ...key, kid })) } }
        const server = await startServer({ keys })
        const mint = () => clerk.mintToken({ session: clerk.createSession('user_ada'), header: { kid } })
        return { name, server, mint }
      }),
    )
    for (const { name, server, mint } of instances) {
      for (const target of instances) {
        const browser = target.server.browser()
        const { status, body } = await browser.token(mint())
        const passes = target.name === name
        expect([status, body.code]).toEqual(passes ? [200, undefined] : [401, 'token-signature'])
        expect((await browser.session()).body.isSignedIn).toBe(passes)
        const { body: me } = await target.server.send('/auth/session', {
          headers: { authorization: `Bearer ${mint()}` },
        })
        expect(me.isSignedIn).toBe(false)
      }
      expect(server.auth.stats().signedIn).toBe(1)
    }
  })

  it('keys, users, sign-outs and listeners are separate', async () => {
    const [one, two] = [await startWithClerk(), await startWithClerk()]
    const heard: string[] = []
    one.server.auth.onAuthChange(() => heard.push('one'))
    two.server.auth.onAuthChange(() => heard.push('two'))
    const [first, second] = [await one.signIn(), await two.signIn()]
    // The token is undecided until its key can be requested again, and nothing else follows from it.
    expect((await one.server.browser().token(two.mint(second.session))).body.code).toBe('keys-unavailable')
    await one.server.auth.revoke({ userId: 'user_ada' }, { atClerk: true })
    expect([first.session.status, second.session.status]).toEqual(['revoked', 'active'])
    expect((await second.browser.session()).body.isSignedIn).toBe(true)
    const forged = two.clerk.signWebhook(one.clerk.webhookEvent('session.ended', second.session))
    expect((await one.server.send('/auth/webhook', { method: 'POST', ...forged })).status).toBe(400)
    expect(heard).toEqual(['one', 'two', 'one'])
  })
})
