import type { ServerResponse } from 'node:http'
import { Writable } from 'node:stream'
import type { RequestHandler } from 'express'
import { describe, expect, it } from 'vitest'
import { PatchedSink } from '../../adapters/h3/patched-response.ts'
import { eventually, startServer } from './harness.ts'
import { onExpress } from './hosts.ts'

type Patch = (response: ServerResponse) => void

const patching = (patch: Patch): RequestHandler => {
  return (_, response, next) => {
    patch(response)
    next()
  }
}

/** Does what express-session does for a browser that has a session there: it measures the last chunk and saves first. */
const savesFirst: Patch = (response) => {
  const { end, write } = response
  response.end = function (this: ServerResponse, chunk?: unknown) {
    if (chunk !== undefined && chunk !== null) {
      const bytes = Buffer.from(chunk as string)
      Reflect.apply(write, this, [bytes])
    }
    setImmediate(() => Reflect.apply(end, this, []))
    return this
  } as ServerResponse['end']
}

/** Keeps a copy of each answer for a log, and hands on only the chunk. */
const logsBodies: Patch = (response) => {
  const { end, write } = response
  const chunks: Buffer[] = []
  response.write = function (this: ServerResponse, chunk: unknown) {
    chunks.push(Buffer.from(chunk as string))
    return Reflect.apply(write, this, [chunk])
  } as ServerResponse['write']
  response.end = function (this: ServerResponse, chunk?: unknown) {
    if (chunk) chunks.push(Buffer.from(chunk as string))
    return Reflect.apply(end, this, [chunk])
  } as ServerResponse['end']
}

describe.each([
  ['saves a session before it ends an answer', savesFirst],
  ['logs the bodies of answers', logsBodies],
])('behind a middleware that %s', (_, patch) => {
  it('signs in, streams each view, and signs out', async () => {
    const server = await startServer({}, undefined, onExpress(patching(patch)))
    const browser = server.browser()
    const stream = await browser.open()
    expect(await stream.view()).toMatchObject({ state: 'unchecked' })
    expect((await browser.token(server.mint())).body.isSignedIn).toBe(true)
    await stream.viewWhere(({ isSignedIn }) => isSignedIn)
    expect((await browser.session()).body.isSignedIn).toBe(true)
    await browser.clear()
    await stream.viewWhere(({ state }) => state === 'signedOut')
    stream.close()
    await eventually(() => server.auth.stats().streams === 0, 'the end of the stream')
  })

  it('answers with a problem document, and to a preflight', async () => {
    const origin = 'https://app.example.test'
    const server = await startServer({ allowedOrigins: [origin] }, undefined, onExpress(patching(patch)))
    const { status, body } = await server.send('/auth/other')
    expect([status, body.code]).toEqual([404, 'not-found'])
    expect((await server.send('/auth/events', { method: 'OPTIONS', headers: { origin } })).status).toBe(204)
  })
})

it.each([true, false])('a stream behind a replaced write waits for a slow reader, over HTTP/1.1 %s', (tellsNeed) => {
  const take: (() => void)[] = []
  const response = new Writable({ highWaterMark: 4, write: (_chunk, _encoding, done) => void take.push(done) })
  // Node's response over HTTP/2 does not tell it.
  if (!tellsNeed) Object.defineProperty(response, 'writableNeedDrain', { value: undefined })
  const taken: string[] = []
  const sink = new PatchedSink(response)
  for (const text of ['one', 'two']) sink.write(text, () => taken.push(text))
  expect(taken).toEqual(['one'])
  take.shift()!()
  take.shift()!()
  expect(taken).toEqual(['one', 'two'])
})
