import assert from 'node:assert/strict'
import { requireProblem, signIn, type Check } from './check.ts'

/** The stream of the tab that signs in goes on, and shows the user. The answer brings another cookie. */
export const signsIn: Check = async (site) => {
  const { clerk } = site
  const browser = site.browser()
  const stream = await browser.open()
  assert.equal(stream.status, 200)
  assert.match(String(stream.headers['content-type']), /^text\/event-stream/)
  assert.match(String(stream.headers['set-cookie']), /^authchart=[\w-]{43}; HttpOnly; Path=\/; SameSite=Lax$/)
  assert.equal((await stream.view()).state, 'unchecked')
  const anonymous = browser.cookie
  const token = clerk.mintToken({ session: clerk.createSession('user_ada') })
  assert.equal((await browser.token(token)).body['userId'], 'user_ada')
  assert.notEqual(browser.cookie, anonymous)
  assert.equal((await stream.viewWhere(({ isSignedIn }) => isSignedIn)).userId, 'user_ada')
  assert.equal((await browser.session()).body['isSignedIn'], true)
  const before = { headers: { cookie: anonymous } }
  assert.equal((await browser.sendExactly({ path: '/auth/session', ...before })).body['isSignedIn'], false)
  const late = await browser.sendExactly({ path: '/auth/events?tab=tab1', ...before })
  requireProblem(late, 503, 'session-rotated')
  assert.ok(Number(late.headers['retry-after']) > 0)
}

/** The streams of twelve tabs show each change at once. A tab's new stream ends the one before. */
export const streams: Check = async (site) => {
  const { browser, mint } = await signIn(site)
  const tabs = await Promise.all(Array.from({ length: 11 }, (_, tab) => browser.open(`other${tab}`)))
  const revs = await Promise.all(tabs.map((tab) => tab.view()))
  await browser.token(mint())
  await Promise.all(tabs.map((tab, index) => tab.viewWhere(({ rev }) => rev > (revs[index]?.rev ?? Infinity))))
  const again = await browser.open('other0')
  await tabs[0]?.ended
  assert.equal((await again.view()).isSignedIn, true)
}

/** A fresh token raises `rev` and `expiresAt`, and keeps the cookie. */
export const renews: Check = async (site) => {
  const { browser, stream, mint } = await signIn(site)
  const { cookie } = browser
  const before = (await browser.session()).body
  await browser.token(mint({ ttl: 90 }))
  const after = await stream.viewWhere(({ rev }) => rev > Number(before['rev']))
  assert.ok(Number(after.expiresAt) > Number(before['expiresAt']))
  assert.equal(browser.cookie, cookie)
}

/** A tab that has not posted the token is told that the cookie has changed, and comes back with the new one. */
export const otherTabs: Check = async (site) => {
  const { clerk } = site
  const browser = site.browser()
  await browser.open()
  const second = await browser.open('tab2')
  await browser.token(clerk.mintToken({ session: clerk.createSession('user_ada') }))
  await second.ended
  assert.match(second.text(), /"reason":"rotated"/)
  const again = await browser.open('tab2')
  assert.equal((await again.view()).userId, 'user_ada')
}

/** A sign-out reaches every tab. A token from before it signs nobody in. */
export const signsOut: Check = async (site) => {
  const { browser, stream, mint } = await signIn(site)
  const other = await browser.open('tab2')
  const earlier = mint()
  assert.equal((await browser.clear()).body['state'], 'signedOut')
  for (const each of [stream, other]) await each.viewWhere(({ state }) => state === 'signedOut')
  requireProblem(await browser.send('/me'), 401, 'not-signed-in')
  requireProblem(await browser.token(earlier), 401, 'token-superseded')
}

/** A session ends by itself when its token expires and no other comes. */
export const expires: Check = async (site) => {
  const { clerk } = site
  const browser = site.browser()
  const stream = await browser.open()
  await browser.token(clerk.mintToken({ session: clerk.createSession('user_ada'), ttl: 2 }))
  await stream.viewWhere(({ isSignedIn }) => isSignedIn)
  await stream.viewWhere(({ isSignedIn }) => !isSignedIn)
  requireProblem(await browser.send('/me'), 401, 'not-signed-in')
}

/** Clerk's webhook ends a session and its streams; a forged one does not. */
export const webhook: Check = async (site) => {
  const { browser, session, stream } = await signIn(site)
  const { clerk } = site
  const event = clerk.webhookEvent('session.revoked', session)
  const post = (signed: { body: string; headers: Record<string, string> }) =>
    browser.sendExactly({ method: 'POST', path: '/auth/webhook', ...signed })
  const forged = clerk.signWebhook(event, { secret: `whsec_${Buffer.alloc(24).toString('base64')}` })
  requireProblem(await post(forged), 400, 'request-malformed')
  assert.equal((await browser.session()).body['isSignedIn'], true)
  assert.equal((await post(clerk.signWebhook(event))).status, 204)
  await stream.viewWhere(({ isSignedIn }) => !isSignedIn)
  requireProblem(await browser.send('/me'), 401, 'not-signed-in')
}
