import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import { H3 } from 'h3'
import { onTestFinished, vi } from 'vitest'
import { createAuthServer, type AuthServer, type AuthServerOptions, type Problem } from '../../adapters/h3/index.ts'
import type { AuthView } from '../../machines/index.ts'
import { onH3, type OpenHost } from './hosts.ts'
import { createSigner } from './session-tokens.ts'
import { readSse } from './sse-reader.ts'
import { overHttp1, toText, type WireRequest } from './wire.ts'

export const virtualEpoch = Date.UTC(2026, 0, 1)

/** The timer of the system, also while the test controls the others. */
const { setTimeout: realSetTimeout } = globalThis

/** Moves time only with `vi.advanceTimersByTimeAsync`. Sockets and crypto run as usual. */
export function useVirtualTime() {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
    now: virtualEpoch,
  })
  onTestFinished(() => {
    vi.useRealTimers()
  })
}

export interface PostResult {
  readonly status: number
  readonly headers: Headers
  readonly body: AuthView & Problem
  /** The new cookie, if the answer sets one. */
  readonly cookie: string | undefined
}

export const signer = createSigner()

/** Headers that belong to the browser of a request. */
export type RequestHeaders = Record<string, string>

let usualHost = onH3

/** Runs every later server of the test file in another host. */
export function useHost(openHost: OpenHost) {
  usualHost = openHost
}

/** Starts a real server with a real auth server in it, on a port of its own. It is closed after the test. */
export async function startServer(
  options: AuthServerOptions = {},
  extend: (app: H3, auth: AuthServer) => void = () => {},
  openHost = usualHost,
) {
  const lines: unknown[][] = []
  const log =
    (level: string) =>
    (...line: unknown[]) =>
      void lines.push([level, ...line])
  const auth = createAuthServer({
    keys: { jwks: signer.jwks },
    clerk: {},
    claims: { issuer: 'https://clerk.example.test', ...options.claims },
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    ...options,
  })
  const app = new H3({ silent: true })
  extend(app, auth)
  app.register(auth.plugin)
  const host = await openHost(app)
  const sockets: Socket[] = []
  host.server.on('connection', (socket) => void sockets.push(socket))
  const { url } = host
  const { origin, pathname: prefix } = new URL(`${url}/`)
  const wire = host.wire ?? overHttp1(origin)
  const sendExactly = (request: WireRequest) => wire.send({ ...request, path: prefix.slice(0, -1) + request.path })
  onTestFinished(async () => {
    vi.useRealTimers()
    await auth.close({ timeout: 100 })
    wire.close()
    await host.close()
  })

  const eventsPath = `${options.basePath ?? '/auth'}/events`
  const events = `${url}${eventsPath}`
  const mint = (claims: object = {}) => signer.mint({ iss: 'https://clerk.example.test', ...claims })

  async function send(path: string, init: RequestInit = {}): Promise<PostResult> {
    const { status, headers, text } = host.wire ? await sendOverWire(path, init) : await fetchFrom(path, init)
    return {
      status,
      headers,
      body: (text && /json/.test(headers.get('content-type') ?? '') ? JSON.parse(text) : {}) as never,
      cookie: headers.get('set-cookie')?.split(';')[0],
    }
  }
  async function fetchFrom(path: string, init: RequestInit) {
    const response = await fetch(`${url}${path}`, { redirect: 'manual', ...init })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
  async function sendOverWire(path: string, { method, headers, body }: RequestInit) {
    const sent = Object.fromEntries(new Headers(headers))
    const answer = await sendExactly({
      path,
      headers: sent,
      ...(method && { method }),
      ...(body && { body: body as string }),
    })
    return { status: answer.status, headers: toHeaders(answer.headers), text: await toText(answer.body) }
  }
  const post = (body: unknown, headers: RequestHeaders = {}) =>
    send(eventsPath, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })

  const open = async (headers: RequestHeaders = {}, tab?: string) =>
    readSse(await sendExactly({ path: `${eventsPath}${tab ? `?tab=${tab}` : ''}`, headers }))

  return {
    auth,
    url,
    /** The beginnings of a cookie's name and attributes. */
    cookie: url.startsWith('https:') ? { prefix: '__Host-', suffix: '; Secure' } : { prefix: '', suffix: '' },
    events,
    lines,
    /** The server's side of all connections so far. */
    sockets,
    mint,
    send,
    post,
    sendExactly,
    hidesPort: host.hidesPort === true,
    open,
    /** Creates a browser with one tab and a cookie jar for one cookie. */
    browser(tab = 'tab1') {
      let cookie: string | undefined
      let seq = 0
      const jar = (): RequestHeaders => (cookie ? { cookie } : {})
      const keep = <T extends { cookie?: string | undefined }>(result: T): T => {
        cookie = result.cookie ?? cookie
        return result
      }
      return {
        get cookie() {
          return cookie
        },
        set cookie(value) {
          cookie = value
        },
        async open(headers: RequestHeaders = {}, name = tab) {
          const stream = await open({ ...jar(), ...headers }, name)
          keep({ cookie: stream.headers['set-cookie']?.[0]?.split(';')[0] })
          return stream
        },
        async token(token: string, fields: object = {}) {
          return keep(await post({ type: 'token.received', token, tab, seq: (seq += 1), ...fields }, jar()))
        },
        async clear(fields: object = {}) {
          return keep(await post({ type: 'session.cleared', tab, seq: (seq += 1), ...fields }, jar()))
        },
        session: () => send('/auth/session', { headers: jar() }),
        get: (path: string) => send(path, { headers: jar() }),
      }
    },
  }
}

function toHeaders(answered: IncomingHttpHeaders): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(answered))
    for (const each of [value ?? []].flat()) headers.append(name, each)
  return headers
}

export type TestServer = Awaited<ReturnType<typeof startServer>>

/** Waits in real time for something that real sockets cause. */
export async function eventually(check: () => boolean | Promise<boolean>, what = 'it'): Promise<void> {
  // This clock is not affected by the tests.
  const deadline = process.hrtime.bigint() + 30_000_000_000n
  for (let count = 0; process.hrtime.bigint() < deadline; count += 1) {
    if (await check()) return
    // What takes longer than some turns of the event loop needs the processor more than this loop does.
    await new Promise<void>((resolve) => void (count < 20 ? setImmediate(resolve) : realSetTimeout(resolve, 5)))
  }
  throw new Error(`${what} did not happen`)
}
