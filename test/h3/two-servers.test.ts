import { H3 } from 'h3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createAuthServer, type AuthServer, type AuthServerOptions } from '../../adapters/h3/index.ts'
import type { ClerkEmulator } from '../kit/index.ts'
import { startClerk } from './clerk-harness.ts'
import { signer, startServer } from './harness.ts'

const toOptions = ({ secretKey, publishableKey, apiUrl }: ClerkEmulator): AuthServerOptions => ({
  clerk: { secretKey, publishableKey, apiUrl },
  claims: { authorizedParties: ['http://localhost:3000'] },
  logger: {},
})

/** Creates an auth server, which belongs to no particular app. It is closed after the test. */
function makeAuth(options: AuthServerOptions = {}): AuthServer {
  const auth = createAuthServer({ keys: { jwks: signer.jwks }, clerk: {}, logger: {}, ...options })
  onTestFinished(() => auth.close({ timeout: 0 }))
  return auth
}

it('two servers in one app, each with a Clerk instance, keep one browser signed in to both', async () => {
  const [staff, shop] = [await startClerk(), await startClerk()]
  const shopAuth = makeAuth({ ...toOptions(shop), keys: undefined, basePath: '/shop/auth' })
  const server = await startServer({ ...toOptions(staff), keys: undefined }, (app) => app.register(shopAuth.plugin))
  const jar = new Map<string, string>()
  const sites = [
    { path: '/auth', clerk: staff, user: 'user_ada' },
    { path: '/shop/auth', clerk: shop, user: 'user_bob' },
  ]
  const toHeaders = () => ({ cookie: [...jar].map((pair) => pair.join('=')).join('; '), origin: server.url })
  for (const { path, clerk, user } of sites) {
    const token = clerk.mintToken({ session: clerk.createSession(user) })
    const { cookie = '', body } = await server.send(`${path}/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...toHeaders() },
      body: JSON.stringify({ type: 'token.received', token }),
    })
    expect(body).toMatchObject({ isSignedIn: true, userId: user })
    const [name = '', value = ''] = cookie.split('=')
    jar.set(name, value)
  }
  expect([...jar.keys()]).toEqual(['authchart', 'authchart-shop-auth'])
  for (const { path, user } of sites) {
    expect((await server.send(`${path}/session`, { headers: toHeaders() })).body.userId).toBe(user)
  }
})

describe('the default name of the cookie', () => {
  it.each([
    ['/auth', 'authchart'],
    ['/api/auth', 'authchart-api-auth'],
    ['/v1.2/~me', 'authchart-v1-2--me'],
  ])('of %s is %s', async (basePath, name) => {
    const server = await startServer({ basePath })
    expect((await server.browser().token(server.mint())).cookie?.split('=')[0]).toBe(name)
  })

  it('gives way to the name that is set', async () => {
    const server = await startServer({ basePath: '/api/auth', cookie: { name: 'mine' } })
    expect((await server.browser().token(server.mint())).cookie?.split('=')[0]).toBe('mine')
  })
})

describe('two servers of one app with the same', () => {
  const register =
    (...servers: AuthServer[]) =>
    () =>
      servers.reduce((app, { plugin }) => app.register(plugin), new H3())

  it('base path cause a TypeError that says what to set', () => {
    const twice = register(makeAuth(), makeAuth({ basePath: '/auth/', cookie: { name: 'other' } }))
    expect(twice).toThrow(TypeError)
    expect(twice).toThrow(/basePath \/auth .*basePath/)
    const auth = makeAuth()
    expect(register(auth, auth)).toThrow(/basePath \/auth/)
  })

  it('cookie name cause a TypeError that says what to set', () => {
    const twice = register(makeAuth(), makeAuth({ basePath: '/b', cookie: { name: 'authchart' } }))
    expect(twice).toThrow(TypeError)
    expect(twice).toThrow(/authchart.*cookie\.name/)
    expect(register(makeAuth({ basePath: '/a/b' }), makeAuth({ basePath: '/a-b' }))).toThrow(/cookie\.name/)
  })

  it('path and name are allowed in two apps', () => {
    const auth = makeAuth()
    expect(register(auth)).not.toThrow()
    expect(register(auth)).not.toThrow()
    expect(register(makeAuth(), makeAuth({ basePath: '/b' }))).not.toThrow()
  })
})
