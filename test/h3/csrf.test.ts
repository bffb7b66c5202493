import { H3 } from 'h3'
import { describe, expect, it } from 'vitest'
import { createAuthServer } from '../../adapters/h3/index.ts'
import { startServer } from './harness.ts'
import { createSigner } from './session-tokens.ts'
import { toText } from './wire.ts'

const issuer = 'https://clerk.example.test'
const listed = 'https://app.example.com'
const sibling = { origin: 'https://blog.example.com', 'sec-fetch-site': 'same-site' }
const crossSite = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }

/** Starts an app with a guarded route that counts its runs, and a route that opts out. */
async function startApp() {
  let done = 0
  const server = await startServer(
    { allowedOrigins: [listed], claims: { issuer, authorizedParties: [listed] } },
    (app, auth) => {
      app.use('/api/**', auth.requireAuth())
      app.use('/open/**', auth.requireAuth({ csrf: false }))
      for (const path of ['/api/do', '/open/do']) app.all(path, () => `done ${(done += 1)}`)
    },
  )
  const browser = server.browser()
  await browser.token(server.mint({ azp: listed }))
  const cookie = browser.cookie ?? ''
  async function ask(method: string, headers: Record<string, string>, path = '/api/do') {
    const before = done
    const body = ['GET', 'HEAD', 'DELETE'].includes(method) ? '' : 'transfer=1000'
    const answer = await server.sendExactly({ method, path, headers, body })
    const text = await toText(answer.body)
    const code = text.startsWith('{') ? (JSON.parse(text) as { code: string }).code : text.slice(0, 4)
    expect(done - before).toBe(answer.status === 200 ? 1 : 0)
    return { status: answer.status, code, headers: answer.headers }
  }
  return { server, cookie, ask }
}

describe('requireAuth on a request that changes something', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
    'refuses a %s from the page of a sibling site or of another site',
    async (method) => {
      const { ask, cookie } = await startApp()
      for (const from of [sibling, crossSite, { origin: 'null' }, { origin: crossSite.origin }]) {
        const { status, code } = await ask(method, { cookie, 'content-type': 'text/plain', ...from })
        expect([status, code]).toEqual([403, 'origin-rejected'])
      }
      expect((await ask(method, { cookie })).code).toBe('origin-rejected')
    },
  )

  it('accepts pages of this server and of a listed origin, and sends no CORS headers to the latter', async () => {
    const { ask, cookie, server } = await startApp()
    expect((await ask('POST', { cookie, 'sec-fetch-site': 'same-origin' })).status).toBe(200)
    expect((await ask('POST', { cookie, origin: server.url, host: new URL(server.url).host })).status).toBe(200)
    const { status, headers } = await ask('POST', { cookie, origin: listed, 'sec-fetch-site': 'same-site' })
    expect([status, headers['access-control-allow-origin']]).toEqual([200, undefined])
  })

  it.each(['GET', 'HEAD'])('ignores the origin of a %s', async (method) => {
    const { ask, cookie } = await startApp()
    expect((await ask(method, { cookie, ...sibling })).status).toBe(200)
  })

  it('refuses a WebSocket that the page of a sibling site opens', async () => {
    const { server, cookie } = await startApp()
    // h3's adapters pass a WebSocket request on as a GET that asks for an upgrade.
    const app = new H3()
    app.use('/ws', server.auth.requireAuth())
    app.get('/ws', () => 'upgraded')
    const open = (headers: object) =>
      app.fetch(new Request(`${server.url}/ws`, { headers: { cookie, upgrade: 'WebSocket', ...headers } }))
    expect((await open(sibling)).status).toBe(403)
    expect((await open({})).status).toBe(403)
    expect((await open({ origin: server.url })).status).toBe(200)
  })

  it('accepts a request from anywhere that proves its user only by a Bearer token', async () => {
    const { ask, server, cookie } = await startApp()
    const authorization = `Bearer ${server.mint({ azp: listed })}`
    expect((await ask('POST', { authorization })).status).toBe(200)
    expect((await ask('POST', { authorization, ...sibling })).status).toBe(200)
    expect((await ask('POST', { authorization, cookie: 'theme=dark', ...crossSite })).status).toBe(200)
    expect((await ask('POST', { authorization, cookie, ...sibling })).status).toBe(403)
    expect((await ask('POST', { authorization: 'Bearer junk', cookie, ...sibling })).status).toBe(403)
    expect((await ask('POST', { authorization: 'Basic YTpi', cookie, ...sibling })).status).toBe(403)
  })

  it("refuses a request from another site that Clerk's own cookie would sign in", async () => {
    const { ask, server } = await startApp()
    const cookie = `__session=${server.mint({ azp: listed })}`
    expect((await ask('POST', { cookie, ...sibling })).code).toBe('origin-rejected')
    expect((await ask('POST', { cookie, 'sec-fetch-site': 'same-origin' })).status).toBe(200)
  })

  it('answers not-signed-in to a request that proves no user', async () => {
    const { ask } = await startApp()
    expect((await ask('POST', sibling)).code).toBe('not-signed-in')
  })

  it('ignores the origin with csrf: false', async () => {
    const { ask, cookie } = await startApp()
    expect((await ask('POST', { cookie, ...sibling }, '/open/do')).status).toBe(200)
  })

  it('accepts only true or false for csrf', () => {
    const auth = createAuthServer({ clerk: {}, keys: { jwks: createSigner().jwks }, logger: { warn() {} } })
    expect(() => auth.requireAuth({ csrf: 'no' as never })).toThrow(/requireAuth: csrf must be true or false/)
    return auth.close()
  })
})
