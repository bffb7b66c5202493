import { describe, expect, it } from 'vitest'
import { startServer } from './harness.ts'

/** Starts a server with a signed-in browser, so that the effect of a body would show. */
async function startSignedIn() {
  const server = await startServer()
  const browser = server.browser()
  const before = (await browser.token(server.mint())).body
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    server.post(body, { cookie: browser.cookie ?? '', ...headers })
  return { server, browser, before, post }
}

describe('a body that has neither of the two shapes', () => {
  const deep = `${'['.repeat(8_000)}${']'.repeat(8_000)}`
  it.each<[string, unknown]>([
    ['an inner event of XState', { type: 'xstate.done.actor.0.auth.verifying', output: { status: 'active' } }],
    ['session.adopted', { type: 'session.adopted', record: { status: 'signedIn', userId: 'user_evil' } }],
    ['session.revoked', { type: 'session.revoked', userId: 'user_a' }],
    ['keys.refreshed', { type: 'keys.refreshed' }],
    ['user.loaded', { type: 'user.loaded', user: { id: 'user_a' } }],
    ['session.expired', { type: 'session.expired' }],
    ['no type', {}],
    ['a type of the prototype', { type: 'constructor' }],
    ['a list as its type', { type: ['session.cleared'] }],
    ['a field too many', { type: 'session.cleared', record: {} }],
    ['a token in a clear', { type: 'session.cleared', token: 'a.b.c' }],
    ['__proto__', '{"type":"session.cleared","__proto__":{"admin":true}}'],
    ['an array', [{ type: 'session.cleared' }]],
    ['null', 'null'],
    ['a string', '"session.cleared"'],
    ['a number', '1'],
    ['nothing', ''],
    ['no JSON', '{"type":"session.cleared"'],
    ['deep JSON', deep],
    ['deep JSON in a field', `{"type":"session.cleared","sessionId":${deep.slice(0, 500)}${']'.repeat(250)}}`],
    ['a token that is an array', { type: 'token.received', token: ['a'] }],
    ['a token that is an object', { type: 'token.received', token: { toString: 'a' } }],
    ['a token that is a number', { type: 'token.received', token: 1 }],
    ['a token that is null', { type: 'token.received', token: null }],
    ['no token', { type: 'token.received' }],
    ['a seq that is a string', { type: 'session.cleared', seq: '1' }],
    ['a seq that is negative', { type: 'session.cleared', seq: -1 }],
    ['a seq that is a fraction', { type: 'session.cleared', seq: 1.5 }],
    ['a seq beyond the safe integers', '{"type":"session.cleared","seq":1e300}'],
    ['a tab that is empty', { type: 'session.cleared', tab: '' }],
    ['a tab that is too long', { type: 'session.cleared', tab: 'x'.repeat(65) }],
    ['a tab with a line break', { type: 'session.cleared', tab: 'a\nb' }],
    ['a sessionId that is empty', { type: 'session.cleared', sessionId: '' }],
    ['a sessionId that is an object', { type: 'session.cleared', sessionId: {} }],
    ['a sessionId that is too long', { type: 'session.cleared', sessionId: 's'.repeat(129) }],
  ])('is answered 400, and the machine is not touched: %s', async (_, body) => {
    const { browser, before, post } = await startSignedIn()
    const { status, body: answer, headers } = await post(body)
    expect([status, answer.code]).toEqual([400, 'request-malformed'])
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/)
    const after = (await browser.session()).body
    expect({ ...after, now: 0 }).toEqual({ ...before, now: 0 })
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })
})

describe('the media type', () => {
  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'application/json\u00A0',
    '',
  ])('is checked first: %j is 415', async (type) => {
    const { browser, post } = await startSignedIn()
    const { status, body } = await post('{"type":"session.cleared"}', { 'content-type': type })
    expect([status, body.code]).toEqual([415, 'media-type'])
    expect((await browser.session()).body.isSignedIn).toBe(true)
  })

  it.each(['application/json; charset=utf-8', 'Application/JSON'])('may be %j', async (type) => {
    const { post } = await startSignedIn()
    expect((await post('{"type":"session.cleared"}', { 'content-type': type })).status).toBe(200)
  })
})

describe('the size limit', () => {
  const huge = (size: number) => JSON.stringify({ type: 'token.received', token: 'x'.repeat(size) })

  it('answers 413 for a body above 16 KB', async () => {
    const { post } = await startSignedIn()
    const { status, body } = await post(huge(17_000))
    expect([status, body.code]).toEqual([413, 'body-too-large'])
  })

  it('answers 413 with another code for a token above 8 KB', async () => {
    const { post } = await startSignedIn()
    const { status, body } = await post(huge(8_193))
    expect([status, body.code]).toEqual([413, 'token-too-large'])
  })
})
