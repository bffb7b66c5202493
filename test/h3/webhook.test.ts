import { describe, expect, it } from 'vitest'
import { createMemorySessionStore, createAuthServer } from '../../adapters/h3/index.ts'
import { startWithClerk } from './clerk-harness.ts'
import { eventually, signer, startServer } from './harness.ts'

describe('a webhook that Clerk signed', () => {
  it.each(['session.ended', 'session.removed', 'session.revoked'])(
    '%s signs that session out on every stream, and no other',
    async (type) => {
      const { clerk, server, mint, signIn, webhook } = await startWithClerk()
      const ada = await signIn()
      const elsewhere = server.browser('tab2')
      await elsewhere.token(mint(ada.session))
      const second = await elsewhere.open()
      const bob = await signIn('user_bob')

      expect((await webhook(clerk.webhookEvent(type, ada.session))).status).toBe(204)
      for (const stream of [ada.stream, second]) {
        const view = await stream.viewWhere(({ state }) => state === 'signedOut')
        expect(view).toMatchObject({ isSignedIn: false, claims: null, error: { code: 'session-revoked' } })
        expect(await stream.next()).toMatchObject({ event: 'bye', data: { reason: 'revoked' } })
        await stream.ended
      }
      expect((await bob.browser.session()).body.isSignedIn).toBe(true)
    },
  )

  it('is permanent: no token of that Clerk session passes any more, from any browser', async () => {
    const { clerk, server, mint, signIn, webhook } = await startWithClerk()
    const { session, browser } = await signIn()
    await webhook(clerk.webhookEvent('session.revoked', session))
    for (const replaying of [browser, server.browser('thief')]) {
      const { status, body } = await replaying.token(mint(session))
      expect([status, body.code, body.retryable]).toEqual([401, 'session-revoked', false])
    }
    const next = await browser.token(mint(clerk.createSession('user_ada')))
    expect(next.body.isSignedIn).toBe(true)
  })

  it("user.deleted ends every session of the user, known or not, whatever Clerk's clock says", async () => {
    const { clerk, server, mint, signIn, webhook } = await startWithClerk()
    const ada = clerk.createSession('user_ada')
    const [first, second, bob] = [await signIn(), await signIn('user_ada', 'tab2'), await signIn('user_bob')]
    clerk.skewClock(30_000)
    const ahead = mint(ada)
    expect(
      (await webhook({ type: 'user.deleted', data: { object: 'user', id: 'user_ada', deleted: true } })).status,
    ).toBe(204)
    for (const { stream } of [first, second]) {
      expect((await stream.viewWhere(({ isSignedIn }) => !isSignedIn)).error?.code).toBe('session-revoked')
    }
    expect((await server.browser().token(ahead)).body.code).toBe('session-revoked')
    expect((await bob.browser.session()).body.isSignedIn).toBe(true)
  })

  it('takes effect on every node that shares the store', async () => {
    const store = createMemorySessionStore()
    const one = await startWithClerk({ store })
    const { secretKey, publishableKey, apiUrl } = one.clerk
    const two = await startServer({ keys: undefined, clerk: { secretKey, publishableKey, apiUrl }, claims: {}, store })
    const session = one.clerk.createSession('user_ada')
    const browser = two.browser()
    await browser.token(one.mint(session))
    const stream = await browser.open()
    await one.webhook(one.clerk.webhookEvent('session.ended', session))
    expect((await stream.viewWhere(({ isSignedIn }) => !isSignedIn)).error?.code).toBe('session-revoked')
    expect((await two.browser().token(one.mint(session))).body.code).toBe('session-revoked')
  })

  it('wins over a token that is being checked', async () => {
    const checks: (() => void)[] = []
    const { clerk, server, mint, webhook } = await startWithClerk({
      claims: { validate: () => new Promise<void>((resolve) => void checks.push(resolve)) },
    })
    const session = clerk.createSession('user_ada')
    const posted = server.browser().token(mint(session))
    await eventually(() => checks.length === 1, 'the check')
    await webhook(clerk.webhookEvent('session.revoked', session))
    checks[0]?.()
    const { status, body } = await posted
    expect([status, body.code]).toEqual([401, 'session-revoked'])
  })

  it('may come twice, and before its session was ever seen', async () => {
    const { clerk, server, mint, webhook } = await startWithClerk()
    const session = clerk.createSession('user_ada')
    const event = clerk.webhookEvent('session.ended', session)
    const answers = [await webhook(event, { id: 'msg_1' }), await webhook(event, { id: 'msg_1' })]
    expect(answers.map(({ status }) => status)).toEqual([204, 204])
    expect((await server.browser().token(mint(session))).body.code).toBe('session-revoked')
  })

  it.each(['user.updated', 'session.created', 'organization.deleted'])('%s is ignored: 204', async (type) => {
    const { signIn, webhook } = await startWithClerk()
    const { session, browser } = await signIn()
    const { status, headers } = await webhook({ type, data: { id: session.id } })
    expect([status, headers.get('cache-control')]).toEqual([204, 'no-store, no-transform'])
    expect((await browser.session()).body.isSignedIn).toBe(true)
  })

  it('is answered 503 while the store cannot be reached, so that Clerk sends it again, and takes effect here at once', async () => {
    const memory = createMemorySessionStore()
    let isDown = false
    const store = {
      ...memory,
      async addTombstone(tombstone: Parameters<typeof memory.addTombstone>[0]) {
        await memory.addTombstone(tombstone)
        if (isDown) throw new Error('down')
      },
    }
    const { clerk, signIn, webhook } = await startWithClerk({ store })
    const { session, browser, stream } = await signIn()
    isDown = true
    const { status, body, headers } = await webhook(clerk.webhookEvent('session.revoked', session))
    expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'store-unavailable', '1'])
    await stream.viewWhere(({ isSignedIn }) => !isSignedIn)
    expect((await browser.session()).body.isSignedIn).toBe(false)
    isDown = false
    expect((await webhook(clerk.webhookEvent('session.revoked', session))).status).toBe(204)
  })
})

describe('a request that is not a webhook of Clerk', () => {
  const ended = { type: 'session.ended', data: { id: 'sess_any' } }

  it.each<[string, (signed: { body: string; headers: Record<string, string> }) => RequestInit]>([
    ['a changed body', ({ body, headers }) => ({ body: body.replace('sess_any', 'sess_all'), headers })],
    ['no signature', ({ body }) => ({ body, headers: { 'content-type': 'application/json' } })],
    [
      'a signature of another kind',
      ({ body, headers }) => ({ body, headers: { ...headers, 'svix-signature': 'v1a,AA' } }),
    ],
    ['a changed id', ({ body, headers }) => ({ body, headers: { ...headers, 'svix-id': 'msg_other' } })],
    ['a changed time', ({ body, headers }) => ({ body, headers: { ...headers, 'svix-timestamp': '1' } })],
    ['an empty body', ({ headers }) => ({ body: '', headers })],
  ])('is answered 400: %s', async (_, forge) => {
    const { clerk, server } = await startWithClerk()
    const { status, body } = await server.send('/auth/webhook', { method: 'POST', ...forge(clerk.signWebhook(ended)) })
    expect([status, body.code]).toEqual([400, 'request-malformed'])
    expect(server.lines).toContainEqual(['warn', 'webhook.refused', expect.anything()])
    expect(JSON.stringify(server.lines)).not.toContain(clerk.webhookSecret)
  })

  it.each([
    ['signed with another secret', { secret: `whsec_${Buffer.alloc(24, 7).toString('base64')}` }],
    ['ten minutes old', { sentAt: Date.now() - 600_000 }],
    ['ten minutes ahead', { sentAt: Date.now() + 600_000 }],
  ])('is answered 400: %s; and nobody is signed out', async (_, forged) => {
    const { clerk, signIn, webhook } = await startWithClerk()
    const { session, browser } = await signIn()
    const { status, body } = await webhook(clerk.webhookEvent('session.ended', session), forged)
    expect([status, body.code]).toEqual([400, 'request-malformed'])
    expect((await browser.session()).body.isSignedIn).toBe(true)
  })

  it.each([{ data: {} }, { data: { id: 7 } }, { data: { id: '' } }])(
    'is answered 400 if it does not name its subject: %j',
    async ({ data }) => {
      const { webhook } = await startWithClerk()
      expect((await webhook({ type: 'session.ended', data })).body.code).toBe('request-malformed')
    },
  )

  it('is answered 413 above 256 KB, before its signature is checked', async () => {
    const { webhook } = await startWithClerk()
    const padded = (bytes: number) =>
      webhook({ type: 'user.updated', data: { id: 'user_ada', pad: 'x'.repeat(bytes) } })
    expect((await padded(250 * 1_024)).status).toBe(204)
    const { status, body } = await padded(256 * 1_024)
    expect([status, body.code]).toEqual([413, 'body-too-large'])
  })

  it('is answered 405 with another method, and no preflight', async () => {
    const { server } = await startWithClerk({ allowedOrigins: ['https://app.example'] })
    for (const method of ['GET', 'OPTIONS']) {
      const { status, headers } = await server.send('/auth/webhook', {
        method,
        headers: { origin: 'https://app.example' },
      })
      expect([status, headers.get('allow'), headers.get('access-control-allow-origin')]).toEqual([405, 'POST', null])
    }
  })
})

describe('the webhook route', () => {
  it('accepts a request without an origin, which the origin rule would refuse', async () => {
    const { clerk, server, signIn } = await startWithClerk()
    const { session } = await signIn()
    const { body, headers } = clerk.signWebhook(clerk.webhookEvent('session.ended', session))
    const places: Record<string, string>[] = [
      {},
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
    ]
    for (const origin of places) {
      const answer = await server.send('/auth/webhook', { method: 'POST', body, headers: { ...headers, ...origin } })
      expect(answer.status).toBe(204)
    }
  })

  it('does not exist without a secret: 404', async () => {
    const server = await startServer()
    const { status, body } = await server.send('/auth/webhook', { method: 'POST', body: '{}' })
    expect([status, body.code]).toEqual([404, 'not-found'])
  })

  it.each(['whsec_', 'whsec_short', 'secret with spaces, long enough to pass', 'whsec_äöü'])(
    'refuses %j as a secret',
    (webhookSecret) => {
      const create = () => createAuthServer({ keys: { jwks: signer.jwks }, clerk: { webhookSecret }, logger: {} })
      expect(create).toThrow(TypeError)
      expect(create).toThrow('clerk.webhookSecret')
    },
  )
})
