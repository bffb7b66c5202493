import type { IncomingMessage } from 'node:http'
import express from 'express'
import { H3, readBody } from 'h3'
import { describe, expect, it } from 'vitest'
import { startWithClerk } from './clerk-harness.ts'
import { startServer } from './harness.ts'
import { onExpress, onHijackedFastify, type OpenHost } from './hosts.ts'

const any = { type: '*/*' }
const keepRaw = (toRaw: (bytes: Buffer) => unknown) =>
  express.json({
    verify: (request: IncomingMessage & { rawBody?: unknown }, _, bytes) => (request.rawBody = toRaw(bytes)),
  })
const rawHosts: [string, OpenHost][] = [
  ['express.text()', onExpress(express.text(any))],
  ['express.raw()', onExpress(express.raw(any))],
  ['a parser that leaves rawBody, as Cloud Functions do', onExpress(keepRaw((bytes) => bytes))],
  ['a parser that leaves rawBody as a string', onExpress(keepRaw(String))],
  ['a parser that leaves rawBody as an Uint8Array', onExpress(keepRaw((bytes) => new Uint8Array(bytes)))],
]
const hosts: [string, OpenHost][] = [
  ...rawHosts,
  ['express.json()', onExpress(express.json())],
  ['express.urlencoded() and express.json()', onExpress(express.urlencoded(), express.json())],
  ["Fastify's parser, whose body is left in the Node request", onHijackedFastify({ leavesBody: true })],
]

describe.each(hosts)('a body that was read before, by %s', (_, openHost) => {
  it('is accepted for sign-in and sign-out', async () => {
    const server = await startServer({}, undefined, openHost)
    const browser = server.browser()
    expect((await browser.token(server.mint())).body).toMatchObject({ isSignedIn: true })
    expect((await browser.clear()).body).toMatchObject({ state: 'signedOut' })
  })

  it.each<[string, unknown, number, string]>([
    ['an inner event of XState', { type: 'xstate.done.actor.0.auth.verifying', output: {} }, 400, 'request-malformed'],
    ['a field too many', { type: 'session.cleared', record: {} }, 400, 'request-malformed'],
    ['an array', [{ type: 'session.cleared' }], 400, 'request-malformed'],
    ['a token that is an object', { type: 'token.received', token: {} }, 400, 'request-malformed'],
    ['an empty object', {}, 400, 'request-malformed'],
    ['a token that is too large', { type: 'token.received', token: 'x'.repeat(8_193) }, 413, 'token-too-large'],
    ['a body that is too large', { type: 'token.received', token: 'x'.repeat(20_000) }, 413, 'body-too-large'],
  ])('is held to the same form: %s', async (_name, body, status, code) => {
    const server = await startServer({}, undefined, openHost)
    const answer = await server.post(body)
    expect([answer.status, answer.body.code]).toEqual([status, code])
  })

  it('changes no prototype', async () => {
    const server = await startServer({}, undefined, openHost)
    // Fastify itself refuses this body.
    expect((await server.post('{"type":"session.cleared","__proto__":{"admin":true}}')).status).toBe(400)
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  it('has the same limits if it does not give its length', async () => {
    const server = await startServer({}, undefined, openHost)
    const send = (token: string) =>
      server.send('/auth/events', {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: server.url },
        body: new Blob([JSON.stringify({ type: 'token.received', token })]).stream(),
        duplex: 'half',
      } as RequestInit)
    expect((await send(server.mint())).body.isSignedIn).toBe(true)
    expect((await send('x'.repeat(20_000))).status).toBe(413)
  })
})

const remedy = /body was read before it came here; mount the app before the body parser/

describe('a body that was read before and is lost', () => {
  it.each<[string, Parameters<typeof startServer>]>([
    ["Fastify's parser", [{}, undefined, onHijackedFastify({ leavesBody: false })]],
    [
      'a middleware of h3',
      [{}, (app: H3) => app.use('/auth/events', async (event, next) => (await readBody(event), next()))],
    ],
    [
      'a middleware that reads a part of it',
      [{}, undefined, onExpress((request, _, next) => void request.once('data', () => (request.pause(), next())))],
    ],
  ])('is reported with the remedy, and once in the log: %s', async (_, start) => {
    const server = await startServer(...start)
    for (let twice = 0; twice < 2; twice += 1) {
      const { status, body } = await server.post({ type: 'session.cleared' })
      expect([status, body.code, body.detail]).toEqual([400, 'request-malformed', expect.stringMatching(remedy)])
    }
    expect(server.lines.filter(([, code]) => code === 'body.read-before')).toEqual([
      ['warn', 'body.read-before', { remedy: expect.stringContaining('mount the app before the body parser') }],
    ])
  })

  it('is reported without Node too', async () => {
    const { auth } = await startServer()
    const app = new H3({ silent: true }).register(auth.plugin)
    const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }
    const request = new Request('http://localhost/auth/events', { method: 'POST', headers, body: '{}' })
    await request.text()
    const answer = await app.request(request)
    expect([answer.status, await answer.json()]).toEqual([
      400,
      expect.objectContaining({ code: 'request-malformed', detail: expect.stringMatching(remedy) }),
    ])
  })
})

it('a body that a middleware has copied is still readable', async () => {
  const copies: unknown[] = []
  const server = await startServer({}, (app) =>
    app.use(async ({ req }, next) => (copies.push(await req.clone().json()), next())),
  )
  expect((await server.browser().token(server.mint())).body.isSignedIn).toBe(true)
  expect(copies).toMatchObject([{ type: 'token.received' }])
})

it('a body that a parser has not touched is read, whatever the parser has put in its place', async () => {
  const server = await startServer(
    {},
    undefined,
    onExpress((request, _, next) => ((request.body = {}), next())),
  )
  expect((await server.browser().token(server.mint())).body.isSignedIn).toBe(true)
})

it('a body that a middleware has paused while it was busy is read', async () => {
  const server = await startServer(
    {},
    undefined,
    onExpress((request, _, next) => (request.pause(), void setImmediate(next))),
  )
  expect((await server.browser().token(server.mint())).body.isSignedIn).toBe(true)
})

describe('a webhook whose body was read before', () => {
  it.each(rawHosts)('is accepted if its bytes are left: %s', async (_, openHost) => {
    const { clerk, webhook } = await startWithClerk({}, undefined, openHost)
    expect((await webhook(clerk.webhookEvent('session.ended', clerk.createSession('user_ada')))).status).toBe(204)
  })

  it('is refused if only a parsed value is left, and the log names the remedy', async () => {
    const { server, clerk, webhook } = await startWithClerk({}, undefined, onExpress(express.json()))
    const { status, body } = await webhook(clerk.webhookEvent('session.ended', clerk.createSession('user_ada')))
    expect([status, body.code, body.detail]).toEqual([400, 'request-malformed', expect.stringContaining('req.rawBody')])
    expect(server.lines).toContainEqual([
      'warn',
      'body.read-before',
      { remedy: expect.stringMatching(/mount the app before the body parser.* req\.rawBody/) },
    ])
  })
})
