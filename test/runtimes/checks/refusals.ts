import assert from 'node:assert/strict'
import { friend, limits } from '../fixture/settings.ts'
import { requireProblem, signIn, until, type Check } from './check.ts'

const events = '/auth/events'
const json = { 'content-type': 'application/json' }
const clear = JSON.stringify({ type: 'session.cleared' })

/** Tokens with a foreign key, another algorithm, another party and an old date are refused, and end no session. */
export const tokens: Check = async (site) => {
  const { browser, mint } = await signIn(site)
  const iat = Math.floor(Date.now() / 1_000) - 600
  const refused = [
    [mint({ key: 'foreign' }), 'token-signature'],
    [mint({ header: { alg: 'HS256' } }), 'token-algorithm'],
    [mint({ azp: 'https://evil.example' }), 'token-claims'],
    [mint({ claims: { iat, nbf: iat, exp: iat + 60 } }), 'token-expired'],
  ] as const
  for (const [token, code] of refused) requireProblem(await browser.token(token), 401, code)
  assert.equal((await browser.session()).body['isSignedIn'], true)
}

/** Only pages of this origin and of listed ones may post and read. */
export const origins: Check = async (site) => {
  const { browser } = await signIn(site)
  const { origin } = site
  const { cookie } = browser
  const post = (headers: Record<string, string>) =>
    browser.sendExactly({ method: 'POST', path: events, headers: { cookie, ...json, ...headers }, body: clear })
  const foreign: Record<string, string>[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin, 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    {},
  ]
  for (const headers of foreign) requireProblem(await post(headers), 403, 'origin-rejected')
  const read = { path: events, headers: { cookie, origin: 'https://evil.example' } }
  requireProblem(await browser.sendExactly(read), 403, 'origin-rejected')
  assert.equal((await browser.session()).body['isSignedIn'], true)

  const preflight = await browser.sendExactly({ method: 'OPTIONS', path: events, headers: { origin: friend } })
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers['access-control-allow-methods'], 'GET, POST')
  const answer = await post({ origin: friend, 'sec-fetch-site': 'cross-site' })
  assert.equal(answer.status, 200)
  for (const { headers } of [preflight, answer]) {
    assert.equal(headers['access-control-allow-origin'], friend)
    assert.equal(headers['access-control-allow-credentials'], 'true')
    assert.match(String(headers['vary']), /\bOrigin\b/i)
  }
  assert.equal((await post({ 'sec-fetch-site': 'same-origin' })).status, 200)
}

/** The server finds its cookie among others, adopts no value of somebody else, and notices a browser that keeps none. */
export const cookies: Check = async (site) => {
  const { browser } = await signIn(site)
  const ask = (headers: Record<string, string>, query = '') =>
    browser.sendExactly({ path: `/auth/session${query}`, headers })
  const { channel } = (await browser.session()).body
  for (const cookie of [`a=b; ${browser.cookie}; c=d`, `authchart=junk; ${browser.cookie}`]) {
    assert.equal((await ask({ cookie })).body['channel'], channel)
  }
  requireProblem(await ask({}, `?channel=${String(channel)}`), 400, 'cookie-missing')
  const planted = `authchart=${'x'.repeat(43)}`
  const stranger = site.clerk.mintToken({ session: site.clerk.createSession('user_ada') })
  const { headers } = await browser.sendExactly({
    method: 'POST',
    path: events,
    headers: { ...json, origin: site.origin, cookie: planted },
    body: JSON.stringify({ type: 'token.received', token: stranger }),
  })
  assert.match(String(headers['set-cookie']), /^authchart=(?!x{43};)[\w-]{43};/)
}

/** Each refusal is a problem document, and no body is read beyond its limit. */
export const problems: Check = async (site) => {
  const { origin } = site
  const { sendExactly } = site.browser()
  const post = (body: string, headers: Record<string, string> = {}) =>
    sendExactly({ method: 'POST', path: events, headers: { ...json, origin, ...headers }, body })
  const huge = (size: number) => JSON.stringify({ type: 'token.received', token: 'x'.repeat(size) })
  requireProblem(await sendExactly({ path: '/auth/nothing' }), 404, 'not-found')
  requireProblem(await sendExactly({ method: 'DELETE', path: events, headers: { origin } }), 405, 'method-not-allowed')
  requireProblem(await post('{'), 400, 'request-malformed')
  requireProblem(await post('{"type":"constructor"}'), 400, 'request-malformed')
  requireProblem(await post(clear, { 'content-type': 'text/plain' }), 415, 'media-type')
  requireProblem(await post(huge(8_193)), 413, 'token-too-large')
  requireProblem(await post(huge(17_000)), 413, 'body-too-large')
  requireProblem(await post(huge(17_000), { 'transfer-encoding': 'chunked' }), 413, 'body-too-large')
  const { headers } = await sendExactly({ path: '/auth/session' })
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.match(String(headers['content-type']), /^application\/json/)
}

/** A session may post so often in a minute, and read so many streams. */
export const bounds: Check = async (site) => {
  const { browser, mint } = await signIn(site, '/limited')
  for (let sent = 1; sent < limits.requestsPerSession; sent += 1) {
    assert.equal((await browser.token(mint())).status, 200)
  }
  const often = await browser.token(mint())
  requireProblem(often, 429, 'too-many-requests')
  assert.ok(Number(often.headers['retry-after']) > 0)

  const anonymous = site.browser('/limited')
  assert.equal((await anonymous.open()).status, 200)
  assert.equal((await anonymous.open('tab2')).status, 200)
  const third = await anonymous.open('tab3')
  assert.deepEqual([third.status, third.headers['retry-after']], [429, '5'])
}

/** A guarded route lets in by cookie or Bearer token, by role, and from this origin. Work under way ends with the session. */
export const guards: Check = async (site) => {
  const { clerk } = site
  const { browser, mint } = await signIn(site)
  const { sendExactly } = browser
  requireProblem(await sendExactly({ path: '/me' }), 401, 'not-signed-in')
  assert.deepEqual((await browser.send('/me')).body, { userId: 'user_ada' })
  const authorization = `Bearer ${mint()}`
  assert.deepEqual((await sendExactly({ path: '/me', headers: { authorization } })).body, { userId: 'user_ada' })
  const elsewhere = { cookie: browser.cookie, origin: 'https://evil.example' }
  requireProblem(await sendExactly({ method: 'POST', path: '/me', headers: elsewhere }), 403, 'origin-rejected')

  requireProblem(await browser.send('/admin'), 403, 'forbidden')
  const organization = clerk.addOrganization({ name: 'Lovelace' })
  clerk.setMembership('user_ada', organization, { role: 'org:admin' })
  await browser.token(mint({ orgId: organization.id }))
  assert.deepEqual((await browser.send('/admin')).body, { userId: 'user_ada' })

  const feed = browser.send('/feed')
  await until(async () => (await browser.send('/stats')).body['feeds'] === 1)
  await browser.clear()
  assert.deepEqual((await feed).body, { ended: true })
}
