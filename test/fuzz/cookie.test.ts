import { deepEqual, equal, match } from 'node:assert/strict'
import * as fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { fuzz } from './fuzz-run.ts'
import { createFuzzedServer, type FuzzedServer } from './fuzzed-server.ts'
import { hostileText, hostileToken, toHeaderValue } from './hostile-text.ts'

/** A placeholder for the cookie value of a signed-in session. */
const real = '<real>'

const name = fc.oneof(
  {
    arbitrary: fc.constantFrom('authchart', 'authchart', '__session', '__Host-authchart', '__proto__', ' authchart '),
    weight: 5,
  },
  { arbitrary: hostileText, weight: 1 },
)
const value = fc.oneof(
  fc.constant(real),
  fc.constantFrom(
    '',
    'A'.repeat(43),
    'A'.repeat(42),
    '"',
    `"${real}"`,
    `${real}x`,
    `${real}%00`,
    '%',
    '\xff'.repeat(43),
  ),
  hostileToken,
  hostileText,
)
const pair = fc.oneof(
  { arbitrary: fc.tuple(name, value).map(([name, value]) => `${name}=${value}`), weight: 8 },
  { arbitrary: hostileText, weight: 1 },
  { arbitrary: fc.constantFrom('=', '==', '=x', 'authchart', 'authchart=='), weight: 1 },
)
const cookieHeader = fc
  .tuple(
    fc.oneof(
      { arbitrary: fc.array(pair, { maxLength: 6 }), weight: 20 },
      { arbitrary: fc.array(pair, { maxLength: 300 }), weight: 1 },
    ),
    fc.constantFrom(';', '; ', ';;', ' ;\t', ','),
  )
  .map(([pairs, separator]) => pairs.join(separator))

const routes = ['/auth/session', '/checked', '/guarded', 'clear'] as const

interface Sent {
  readonly header: string
  readonly route: (typeof routes)[number] | '/auth/events'
  readonly bearer: string | null
}

const sent: fc.Arbitrary<Sent> = fc.record({
  header: cookieHeader,
  // Streams are slower than the other routes, so they are rarer.
  route: fc.oneof(
    { arbitrary: fc.constantFrom(...routes), weight: 19 },
    { arbitrary: fc.constant('/auth/events'), weight: 1 },
  ),
  bearer: fc.option(fc.oneof(hostileToken, hostileText), { freq: 2 }),
})

/**
 * An implementation of RFC 6265 §4.2 of our own. It returns the values of our two cookies. The server looks at the
 * first four of each that it could have made.
 */
function toValues(cookie: string): string[] {
  const trim = (text: string) => text.replaceAll(/^[ \t]+|[ \t]+$/g, '')
  const pairs = cookie.split(';').map((text) => trim(text).split('='))
  return ['__Host-authchart', 'authchart'].flatMap((ours) =>
    pairs
      .filter(([name = '', ...rest]) => trim(name) === ours && rest.length > 0)
      .map(([, ...rest]) => trim(rest.join('=')))
      .filter((value) => /^[\w-]{43}$/.test(value))
      .slice(0, 4),
  )
}

/** Checks the first view of a stream, whose session ends five seconds after it. */
async function requireStream({ auth }: FuzzedServer, response: Response): Promise<string> {
  equal(response.status, 200)
  match(response.headers.get('content-type') ?? '', /^text\/event-stream/)
  // The stream begins when it is read.
  const reader = response.body!.getReader()
  await reader.read()
  deepEqual(auth.stats(), { sessions: 2, signedIn: 1, streams: 1 })
  await reader.cancel()
  await vi.advanceTimersByTimeAsync(5_001)
  return '200 a stream'
}

/**
 * Creates a case. `id` is the cookie value of a signed-in session. It is sent only in places where it changes
 * nothing.
 */
const createCookieCase =
  (server: FuzzedServer, id: string) =>
  async ({ header, route, bearer }: Sent): Promise<string> => {
    const isRead = route === '/auth/session' || route === '/checked'
    const cookie = toHeaderValue(header.replaceAll(real, isRead ? id : 'B'.repeat(43)))
    const headers = { cookie, ...(bearer !== null && { authorization: toHeaderValue(`Bearer ${bearer}`) }) }
    const { auth, request, outcomeOf } = server
    const before = auth.stats()
    if (route === '/auth/events') {
      const outcome = await requireStream(server, await request(route, { headers }))
      deepEqual(auth.stats(), before)
      return outcome
    }
    const clear = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' } }
    const response =
      route === 'clear'
        ? await request('/auth/events', { ...clear, body: '{"type":"session.cleared"}' })
        : await request(route, { headers })
    const outcome = await outcomeOf(response)
    deepEqual([auth.stats(), response.headers.get('set-cookie')], [before, null])
    equal(outcome === '200 signedIn', isRead && toValues(cookie).includes(id))
    return `${outcome} (${route})`
  }

it('the cookie parser answers any cookie with a view or a known problem, and knows a session only by its whole value', async () => {
  const server = createFuzzedServer()
  const [cookieName, id = ''] = (await server.signIn(1e7)).split('=')
  expect(cookieName).toBe('authchart')
  const outcomes = await fuzz('cookie header', 0.13, sent, createCookieCase(server, id))
  expect([...outcomes.keys()].filter((outcome) => /^(5|429)/.test(outcome))).toEqual([])
  expect([...outcomes.keys()]).toEqual(
    expect.arrayContaining([
      '200 signedIn (/auth/session)',
      '200 unchecked (/auth/session)',
      '401 not-signed-in (/guarded)',
      '200 signedOut (clear)',
    ]),
  )
  await server.post('{"type":"session.cleared"}', { 'content-type': 'application/json', cookie: `authchart=${id}` })
  await server.requireNothingLeft()
}, 120_000)
