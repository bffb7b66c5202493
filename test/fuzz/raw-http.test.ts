import { connect } from 'node:net'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { startServer } from '../h3/harness.ts'
import { fuzz } from './fuzz-run.ts'
import { hostileText, hostileToken, toHeaderValue } from './hostile-text.ts'
import { requireKnown } from './known-answer.ts'

/** The statuses with which Node's own parser answers before any application sees the request. */
const refusedByNode = new Set([400, 408, 413, 431])
const patience = 10_000

const bytes = fc.oneof(
  { arbitrary: hostileText, weight: 3 },
  { arbitrary: fc.uint8Array({ maxLength: 80 }).map((raw) => Buffer.from(raw).toString('latin1')), weight: 2 },
  { arbitrary: hostileToken.map((token) => `__session=${token}; authchart=${token}`), weight: 2 },
  {
    arbitrary: fc.constantFrom(
      `authchart=${'A'.repeat(43)}`,
      Array.from({ length: 1_000 }, (_, index) => `c${index}=${index}`).join('; '),
      `authchart=${'x'.repeat(20_000)}`,
      'a=b\r\n folded',
      'a=b\rc=d',
      'a=b\nc=d',
      'a=\0',
      'authchart="A; b=c"',
    ),
    weight: 2,
  },
)
/** Node's own parser refuses most malformed lines, so half of the lines are made to pass it. */
const cookieLine = fc
  .tuple(
    fc.oneof(
      { arbitrary: fc.constantFrom('Cookie:', 'Cookie: ', 'cookie:', 'COOKIE:\t'), weight: 12 },
      { arbitrary: fc.constantFrom('Cookie :', 'Cookie', ' Cookie: '), weight: 1 },
    ),
    fc.oneof(
      bytes,
      bytes.map((text) => toHeaderValue(text).slice(0, 10_000)),
      bytes.map((text) => toHeaderValue(text).slice(0, 1_000)),
    ),
  )
  .map(([name, value]) => `${name}${value}\r\n`)

const lengths = ['exact', 'short', 'long', 'negative', 'twice', 'chunked', 'bad chunks', 'both', 'none'] as const

/** Returns a body and the headers that give its length, truly or not. */
function toBody(body: string, length: (typeof lengths)[number]): string {
  const size = Buffer.byteLength(body, 'latin1')
  const chunked = `${size.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  return {
    exact: `Content-Length: ${size}\r\n\r\n${body}`,
    short: `Content-Length: ${Math.max(0, size - 3)}\r\n\r\n${body}`,
    long: `Content-Length: ${size + 3}\r\n\r\n${body}`,
    negative: `Content-Length: -1\r\n\r\n${body}`,
    twice: `Content-Length: ${size}\r\nContent-Length: ${size + 1}\r\n\r\n${body}`,
    chunked: `Transfer-Encoding: chunked\r\n\r\n${chunked}`,
    'bad chunks': `Transfer-Encoding: chunked\r\n\r\nzz\r\n${chunked}`,
    both: `Content-Length: ${size}\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`,
    none: `\r\n${body}`,
  }[length]
}

interface RawRequest {
  readonly isPost: boolean
  readonly cookies: readonly string[]
  readonly body: string
  readonly length: (typeof lengths)[number]
}

const rawRequest: fc.Arbitrary<RawRequest> = fc.record({
  isPost: fc.boolean(),
  cookies: fc.array(cookieLine, { minLength: 1, maxLength: 2 }),
  body: fc.oneof(
    hostileToken.map((token) => JSON.stringify({ type: 'token.received', token })),
    fc.constantFrom('{"type":"session.cleared"}', '{}', '', 'null', '{"__proto__":{"isAdmin":true}}'),
    hostileText,
  ),
  length: fc.oneof(
    { arbitrary: fc.constant('exact' as const), weight: 6 },
    { arbitrary: fc.constantFrom(...lengths), weight: 4 },
  ),
})

/** Returns everything that comes back on one connection. */
function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1')
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error('no answer'))
    }, patience)
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => (answer += chunk))
    // A server may close the connection of a refused request while the rest is still on its way.
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(answer)
    })
    socket.end(Buffer.from(text, 'latin1'))
  })
}

function outcomeOf(answer: string): string {
  const end = answer.indexOf('\r\n\r\n')
  const [head, body] = [answer.slice(0, end), answer.slice(end + 4)]
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1])
  const mediaType = /^content-type: (.*)$/im.exec(head)?.[1]
  if (answer === '') return 'closed without an answer'
  if (mediaType === undefined && refusedByNode.has(status)) return `${status} by Node`
  const isChunked = /^transfer-encoding: chunked$/im.test(head)
  return requireKnown(status, mediaType, isChunked ? (body.split('\r\n')[1] ?? '') : body)
}

const toText = (url: URL, { isPost, cookies, body, length }: RawRequest) =>
  [
    isPost ? 'POST /auth/events' : 'GET /auth/session',
    ` HTTP/1.1\r\nHost: ${url.host}\r\nOrigin: ${url.origin}\r\nContent-Type: application/json\r\nConnection: close\r\n`,
    ...cookies,
    isPost ? toBody(body, length) : '\r\n',
  ].join('')

it('the server answers raw HTTP with a view, a known problem or a refusal of Node’s parser', async () => {
  const server = await startServer({ limits: { requestsPerSession: 1e9 } })
  const url = new URL(server.url)
  const outcomes = await fuzz('raw HTTP', 0.03, rawRequest, async (request) =>
    outcomeOf(await exchange(Number(url.port), toText(url, request))),
  )
  expect([...outcomes.keys()].filter((outcome) => /^(5|429)/.test(outcome))).toEqual([])
  expect([...outcomes.keys()]).toEqual(
    expect.arrayContaining([
      '400 by Node',
      '431 by Node',
      '200 unchecked',
      '400 token-malformed',
      '400 request-malformed',
    ]),
  )
  expect(server.auth.stats()).toEqual({ sessions: 0, signedIn: 0, streams: 0 })
  // The server still works.
  expect((await server.browser().token(server.mint())).body.isSignedIn).toBe(true)
}, 120_000)
