import { H3 } from 'h3'
import { describe, expect, it } from 'vitest'
import { startServer, type TestServer } from './harness.ts'
import { toText } from './wire.ts'

const app = 'https://app.example.com'

/** Sends a request with exactly these headers. */
async function sendRaw(server: TestServer, method: string, headers: Record<string, string>, path = '/auth/events') {
  const answer = await server.sendExactly({
    method,
    path,
    headers,
    ...(method === 'POST' && { body: JSON.stringify({ type: 'session.cleared' }) }),
  })
  const isStream = answer.headers['content-type']?.includes('event-stream')
  const text = isStream ? '' : await toText(answer.body)
  answer.body.destroy()
  return { status: answer.status, headers: answer.headers, text }
}

const json = { 'content-type': 'application/json' }

describe('the origin rule', () => {
  /** The answers to a GET and a POST with these headers. `self` means the server's own origin. */
  it.each<[string, Record<string, string>, number, number]>([
    ['a listed origin', { origin: app }, 200, 200],
    ['a listed origin, whatever Fetch Metadata says', { origin: app, 'sec-fetch-site': 'cross-site' }, 200, 200],
    ['same-origin by Fetch Metadata', { 'sec-fetch-site': 'same-origin' }, 200, 200],
    [
      'same-origin behind a proxy that rewrites Host',
      { 'sec-fetch-site': 'same-origin', origin: 'https://public.example.com', host: 'localhost:3000' },
      200,
      200,
    ],
    ['cross-site', { 'sec-fetch-site': 'cross-site' }, 403, 403],
    ['cross-site that claims to be us', { 'sec-fetch-site': 'cross-site', origin: 'self' }, 403, 403],
    ['same-site', { 'sec-fetch-site': 'same-site', origin: 'https://other.example.com' }, 403, 403],
    ['another origin without Fetch Metadata', { origin: 'https://evil.example' }, 403, 403],
    ['our origin without Fetch Metadata', { origin: 'self' }, 200, 200],
    ['an origin whose host only begins like ours', { origin: 'self.evil.example' }, 403, 403],
    ['an opaque origin', { origin: 'null' }, 403, 403],
    [
      'an opaque origin that Fetch Metadata calls the same',
      { origin: 'null', 'sec-fetch-site': 'same-origin' },
      403,
      403,
    ],
    ['a listed origin in other case', { origin: 'https://APP.example.com' }, 403, 403],
    ['a listed origin with a slash', { origin: `${app}/` }, 403, 403],
    ['a listed host over http', { origin: 'http://app.example.com' }, 403, 403],
    [
      'our origin, where Host names the default port',
      { origin: 'https://own.example', host: 'own.example:443' },
      200,
      200,
    ],
    [
      'our origin over http, where Host names its port',
      { origin: 'http://own.example', host: 'own.example:80' },
      200,
      200,
    ],
    ['our origin, where Host is in capitals', { origin: 'https://own.example', host: 'OWN.example' }, 200, 200],
    ['our origin, by an IPv6 address', { origin: 'http://[::1]', host: '[::1]' }, 200, 200],
    ['our host on another port', { origin: 'https://own.example:8443', host: 'own.example' }, 403, 403],
    ['an app that is no website, on our host', { origin: 'app://own.example', host: 'own.example' }, 403, 403],
    [
      'an origin that forwarding headers call ours',
      {
        origin: 'https://public.example',
        host: 'own.example',
        'x-forwarded-host': 'public.example',
        forwarded: 'host=public.example;proto=https',
      },
      403,
      403,
    ],
    ['nothing at all', {}, 200, 403],
    ['nothing but a Bearer token', { authorization: 'Bearer x' }, 200, 200],
    ['nothing but a password, which browsers add by themselves', { authorization: 'Basic dTpw' }, 200, 403],
    ['nothing but an empty Authorization', { authorization: '' }, 200, 403],
    ['nothing but Bearer without a token', { authorization: 'Bearer ' }, 200, 403],
    ['what is typed into the address bar', { 'sec-fetch-site': 'none' }, 200, 403],
  ])('%s', async (_, headers, get, post) => {
    const server = await startServer({ allowedOrigins: [app] })
    const sent = { ...headers }
    if (sent['origin']?.startsWith('self')) sent['origin'] = sent['origin'].replace('self', server.url)
    expect((await sendRaw(server, 'GET', sent)).status).toBe(get)
    expect((await sendRaw(server, 'POST', { ...sent, ...json })).status).toBe(post)
  })

  it('applies to anonymous sessions too, which have no cookie to misuse', async () => {
    const server = await startServer()
    const login = await server.post(
      { type: 'token.received', token: server.mint() },
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    )
    expect([login.status, login.body.code, login.cookie]).toEqual([403, 'origin-rejected', undefined])
  })

  it('names the option that would allow the request', async () => {
    const server = await startServer()
    const { body } = await server.post({ type: 'session.cleared' }, { origin: 'https://app.example.org' })
    expect(body.detail).toContain('allowedOrigins')
  })

  it('never echoes an origin that is not listed', async () => {
    const server = await startServer({ allowedOrigins: [app] })
    const { headers } = await sendRaw(server, 'GET', { origin: 'https://evil.example' })
    expect(headers['access-control-allow-origin']).toBeUndefined()
  })

  it('answers a listed origin with exact CORS headers, also on streams and errors', async () => {
    const server = await startServer({ allowedOrigins: [app] })
    const cors = {
      'access-control-allow-origin': app,
      'access-control-allow-credentials': 'true',
      vary: expect.stringMatching(/\bOrigin\b/),
    }
    expect((await sendRaw(server, 'GET', { origin: app })).headers).toMatchObject(cors)
    expect((await sendRaw(server, 'POST', { origin: app, ...json })).headers).toMatchObject(cors)
    const malformed = await sendRaw(server, 'POST', { origin: app })
    expect(malformed.status).toBe(415)
    expect(malformed.headers).toMatchObject(cors)
    expect((await sendRaw(server, 'POST', { ...json })).headers['vary']).toMatch(/\bOrigin\b/)
  })

  it('lets a listed origin read the view, and no other origin', async () => {
    const server = await startServer({ allowedOrigins: [app] })
    expect((await sendRaw(server, 'GET', { origin: app }, '/auth/session')).status).toBe(200)
    const foreign = await sendRaw(server, 'GET', { origin: 'https://evil.example' }, '/auth/session')
    expect(foreign.status).toBe(403)
  })
})

describe('the preflight', () => {
  const ask = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' }

  it('of a listed origin is 204', async () => {
    const server = await startServer({ allowedOrigins: [app] })
    const { status, headers } = await sendRaw(server, 'OPTIONS', { origin: app, ...ask })
    expect(status).toBe(204)
    expect(headers).toMatchObject({
      'access-control-allow-origin': app,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'Authorization, Content-Type',
      'cache-control': 'no-store, no-transform',
    })
  })

  it.each(['https://evil.example', 'null'])('of %s is 403', async (origin) => {
    const server = await startServer({ allowedOrigins: [app] })
    const { status, headers } = await sendRaw(server, 'OPTIONS', { origin, ...ask })
    expect([status, headers['access-control-allow-origin']]).toEqual([403, undefined])
  })
})

describe('allowedHosts', () => {
  const allowedHosts = ['app.example.com', 'localhost:3000', '[::1]:3000', '[::2]', 'shop.example.com:443']

  /** The second status is the one behind a proxy that hides the requested port. */
  it.each<[string, number, number]>([
    ['app.example.com', 200, 200],
    ['APP.example.com', 200, 200],
    ['app.example.com:8443', 200, 200],
    ['localhost:3000', 200, 421],
    ['localhost:3001', 421, 421],
    ['localhost', 421, 421],
    ['[::1]:3000', 200, 421],
    ['[::1]', 421, 421],
    ['[::2]:8080', 200, 200],
    ['shop.example.com', 200, 200],
    ['shop.example.com:443', 200, 200],
    ['shop.example.com:8443', 421, 200],
    ['evil.example', 421, 421],
    ['app.example.com.evil.example', 421, 421],
  ])('%s is answered %i', async (host, status, hidden) => {
    const server = await startServer({ allowedHosts })
    const answer = await sendRaw(server, 'GET', { host })
    const expected = server.hidesPort ? hidden : status
    expect(answer.status).toBe(expected)
    expect(answer.text.includes('host-rejected')).toBe(expected === 421)
  })

  it('does not trust a forwarding header', async () => {
    const server = await startServer({ allowedHosts })
    const forwarded = { 'x-forwarded-host': 'app.example.com', forwarded: 'host=app.example.com' }
    expect((await sendRaw(server, 'GET', { host: 'evil.example', ...forwarded })).status).toBe(421)
  })

  it('uses Host if a framework makes up the URL of a request', async () => {
    const { auth } = await startServer({ allowedHosts })
    const app = new H3().register(auth.plugin)
    const ask = async (host: string) =>
      (await app.request(new Request('http://0.0.0.0:3000/auth/session', { headers: { host } }))).status
    expect([await ask('app.example.com'), await ask('evil.example')]).toEqual([200, 421])
  })
})
