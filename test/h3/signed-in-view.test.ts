import { describe, expect, expectTypeOf, it } from 'vitest'
import type { RequireAuthOptions } from '../../adapters/h3/index.ts'
import { isSignedIn, toUncheckedView, type AuthClaims, type SignedInView } from '../../machines/index.ts'
import { startServer } from './harness.ts'

const sibling = { origin: 'https://blog.example.com', 'sec-fetch-site': 'same-site' }

/** Starts an app with one route that returns the id of its user. */
const startApp = (rule?: RequireAuthOptions) =>
  startServer({}, (app, auth) => {
    app.all(
      '/me',
      auth.onLoad(async (event) => {
        const view = await auth.require(event, rule)
        expectTypeOf(view.userId).toEqualTypeOf<string>()
        expectTypeOf(view.claims).toEqualTypeOf<AuthClaims>()
        return { userId: view.userId, sub: view.claims.sub }
      }),
    )
  })

describe('require', () => {
  it('resolves with the view of a signed-in user, which the types know', async () => {
    const server = await startApp()
    const browser = server.browser()
    await browser.token(server.mint())
    expect((await browser.get('/me')).body).toMatchObject({ userId: 'user_a', sub: 'user_a' })
  })

  it.each<[string, RequireAuthOptions | undefined, object | null, number, string]>([
    ['nobody is signed in', undefined, null, 401, 'not-signed-in'],
    ['the role is missing', { role: 'admin' }, {}, 403, 'forbidden'],
    ['the check refuses', { check: ({ userId }) => userId.startsWith('admin_') }, {}, 403, 'forbidden'],
    ['the last verification is too old', { freshness: 5 }, { fva: [9, -1] }, 403, 'reverification-needed'],
  ])('rejects with the error of requireAuth if %s', async (_, rule, claims, status, code) => {
    const server = await startApp(rule)
    const browser = server.browser()
    if (claims) await browser.token(server.mint(claims))
    const { status: answered, body } = await browser.get('/me')
    expect([answered, body.code]).toEqual([status, code])
    expect('clerk_error' in body).toBe(code === 'reverification-needed')
  })

  it('applies the origin rule, as requireAuth does', async () => {
    const server = await startApp()
    const browser = server.browser()
    await browser.token(server.mint())
    const ask = (headers: Record<string, string>) =>
      server.send('/me', { method: 'POST', headers: { cookie: browser.cookie ?? '', ...headers } })
    expect((await ask(sibling)).body.code).toBe('origin-rejected')
    expect((await ask({ 'sec-fetch-site': 'same-origin' })).status).toBe(200)
  })
})

describe('isSignedIn', () => {
  it('narrows a view to that of a signed-in user', () => {
    const nobody = toUncheckedView(0)
    const view = { ...nobody, isSignedIn: true, userId: 'user_a', sessionId: 'sess_a', claims: { sub: 'user_a' } }
    expect([isSignedIn(view), isSignedIn(nobody)]).toEqual([true, false])
    if (isSignedIn(view)) expectTypeOf(view).toExtend<SignedInView>()
  })
})
