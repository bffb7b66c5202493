// oxlint-disable-next-line import/no-unassigned-import -- it loads the code of the client before a test begins
import '../preload-client.ts'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { SimulatedClock } from 'xstate'
import {
  createAuthClient,
  type AuthClientOptions,
  type ClerkState,
  type SyncError,
} from '../../adapters/browser/index.ts'
import { toUncheckedView } from '../../machines/auth-view.ts'

const settle = () => new Promise<void>((resolve) => setImmediate(resolve))
const never = () => new Promise<never>(() => {})
const view = { ...toUncheckedView(1), channel: 'c', rev: 1 }
const frame = `event: view\ndata: ${JSON.stringify(view)}\n\n`
const problem = (status: number, code: string, detail: string, retryable = false) =>
  Response.json({ code, detail, retryable }, { status, headers: { 'content-type': 'application/problem+json' } })

/** Returns an event stream that sends a text and stays open. */
function stream(text: string): Response {
  const body = new ReadableStream({
    start: (controller) => (text ? controller.enqueue(new TextEncoder().encode(text)) : undefined),
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

interface Server {
  readonly events?: () => Response | Promise<Response>
  readonly post?: () => Response | Promise<Response>
}

/**
 * Runs a client of a signed-in tab for a minute of virtual time.
 *
 * @returns every error that `onError` received
 */
async function run(server: Server, options: AuthClientOptions & { readonly clerk?: Partial<ClerkState> } = {}) {
  const { clerk, ...rest } = options
  const { events = () => stream(frame), post = never } = server
  const clock = new SimulatedClock()
  const told: SyncError[] = []
  const client = createAuthClient({
    clock,
    now: () => 1_000_000 + clock.now(),
    fetch: async (input, init) => {
      if (init?.method === 'POST') return post()
      const url = new URL(input as string, 'https://app.example.test')
      const answer = url.pathname.endsWith('/session') ? Response.json(view) : await events()
      answer.headers.set('authchart-connection', url.searchParams.get('connection') ?? '')
      return answer
    },
    onError: (error) => told.push(error),
    ...rest,
  })
  client.setIdentity({
    isLoaded: true,
    isSignedIn: true,
    userId: 'user_ada',
    sessionId: 'sess_1',
    getToken: async () => 'a.b.c',
    ...clerk,
  })
  client.start()
  for (let step = 0; step < 120; step++) {
    await settle()
    clock.increment(500)
  }
  client.stop()
  return told
}

describe('onError is called for every failure', () => {
  const cause = new Error('503')
  it.each<[string, Partial<SyncError>, Server, Parameters<typeof run>[1]?]>([
    ['getToken rejects', { code: 'clerk-no-token', cause }, {}, { clerk: { getToken: () => Promise.reject(cause) } }],
    ['getToken resolves with nothing', { code: 'clerk-no-token' }, {}, { clerk: { getToken: async () => null } }],
    ['getToken hangs', { code: 'clerk-timeout' }, {}, { clerk: { getToken: never } }],
    ['Clerk never loads', { code: 'clerk-unavailable' }, {}, { clerk: { isLoaded: false, isSignedIn: undefined } }],
    ['a post is never answered', { code: 'network-failed' }, { post: never }],
    ['a post is refused', { code: 'token-claims' }, { post: () => problem(401, 'token-claims', 'The claim azp') }],
    ['a post cannot be sent', { code: 'network-failed', cause }, { post: () => Promise.reject(cause) }],
    ['a stream is silent', { code: 'network-failed' }, { events: () => stream('') }, { pingInterval: 5_000 }],
    [
      'a stream is refused',
      { code: 'not-found' },
      { events: () => problem(404, 'not-found', 'There is no endpoint at this path') },
    ],
    ['a stream is a page', { code: 'answer-malformed' }, { events: () => new Response('<html>') }],
    [
      'a stream says bye',
      { code: 'network-failed' },
      { events: () => stream(`${frame}event: bye\ndata: {"reason":"closing"}\n\n`) },
    ],
  ])('%s', async (_, error, server, options) => {
    const told = await run(server, options)
    expect(told).toContainEqual(expect.objectContaining(error))
    expect(told.every((each) => each instanceof Error && each.message !== '')).toBe(true)
  })

  it.each<[string, unknown]>([
    ['a code that is a number', { title: 'Forbidden', status: 403, code: 42, detail: 'No' }],
    ['a code that is an object', { title: 'Forbidden', code: { reason: 'quota' }, detail: { text: 'No' } }],
    ['a type and a code of its own', { type: 'https://gateway.example/quota', code: 'QUOTA', detail: 'No' }],
    ['no code', { type: 'about:blank', title: 'Forbidden', detail: { text: 'No' } }],
    ['nothing in it', null],
  ])('which the problem document of a gateway is, with %s', async (_, body) => {
    const answer = () => Response.json(body, { status: 403, headers: { 'content-type': 'application/problem+json' } })
    const told = await run({ post: answer })
    expect(told[0]).toMatchObject({ code: 'answer-malformed', message: 'The server answered 403', retryable: true })
  })

  it('once for each, and not for the goodbye that only brings a new cookie', async () => {
    const refused = await run({ events: () => problem(403, 'origin-rejected', 'The origin is not allowed') })
    expect(refused.map(({ code }) => code)).toEqual(['origin-rejected'])
    const rotated = await run({ events: () => stream(`event: bye\ndata: {"reason":"rotated"}\n\n`), post: never })
    expect(rotated.filter(({ message }) => message.includes('ended'))).toEqual([])
  })
})

describe('after the first five seconds', () => {
  interface Timed {
    readonly getToken?: (asked: number) => Promise<string | null>
    /** The seconds for which a stream sends pings before it breaks off. */
    readonly streamLife?: number
    /** Returns the code with which a stream is refused, by the number of the stream. */
    readonly refusal?: (stream: number) => string | null
  }

  /**
   * Runs a client for this many seconds.
   *
   * @returns the codes that `onError` received, each after its second
   */
  async function time(seconds: number, { getToken = never, streamLife = Infinity, refusal = () => null }: Timed) {
    const clock = new SimulatedClock()
    const told: string[] = []
    const asked = { tokens: 0, streams: 0 }
    const openStream = () => {
      asked.streams += 1
      const code = refusal(asked.streams)
      if (code) return problem(503, code, 'Not now', true)
      const openedAt = clock.now()
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          const say = (text: string) => controller.enqueue(new TextEncoder().encode(text))
          const ping = () => {
            if (clock.now() - openedAt >= streamLife * 1000) return controller.close()
            say(`event: ping\ndata: {"now":${1_000_000 + clock.now()}}\n\n`)
            clock.setTimeout(ping, 1_000)
          }
          say(frame)
          clock.setTimeout(ping, Math.min(streamLife, 1) * 1_000)
        },
      })
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    }
    const client = createAuthClient({
      clock,
      now: () => 1_000_000 + clock.now(),
      random: () => 0.5,
      tokenTimeout: 100_000_000,
      fetch: async (input) => {
        const url = new URL(input as string, 'https://app.example.test')
        if (!url.pathname.endsWith('/events')) return never()
        const answer = openStream()
        answer.headers.set('authchart-connection', url.searchParams.get('connection') ?? '')
        return answer
      },
      onError: ({ code }) => told.push(`${Math.floor(clock.now() / 1000)} ${code}`),
    })
    const ada = { isLoaded: true, isSignedIn: true, userId: 'user_ada', sessionId: 'sess_1' }
    client.setIdentity({ ...ada, getToken: () => getToken(++asked.tokens) })
    client.start()
    for (let step = 0; step < seconds * 4; step++) {
      await settle()
      clock.increment(250)
    }
    client.stop()
    return { told, asked }
  }

  it('one that only continues is not reported again, however often it is retried', async () => {
    const { told, asked } = await time(3_600, { getToken: async () => null })
    expect(asked.tokens).toBeGreaterThan(100)
    expect(told).toEqual(['0', '0', '0', '1', '3'].map((at) => `${at} clerk-no-token`))
  })

  it('each change of kind is reported', async () => {
    const { told, asked } = await time(300, {
      refusal: (stream) => (stream <= 7 ? 'draining' : stream <= 9 ? 'at-capacity' : stream <= 12 ? 'draining' : null),
    })
    expect(asked.streams).toBe(13)
    expect(told.slice(0, 4).map((each) => each.split(' ')[0])).toEqual(['0', '0', '1', '3'])
    expect(told.slice(4).map((each) => each.split(' ')[1])).toEqual(['at-capacity', 'draining'])
  })

  it('a connection that comes and goes is not reported again as long as it never lasts 5 s', async () => {
    const { told, asked } = await time(600, { streamLife: 0.25 })
    expect(asked.streams).toBeGreaterThan(20)
    expect(told.map((each) => each.split(' ')[1])).toEqual(told.map(() => 'network-failed'))
    expect(told.length).toBeLessThan(5)
  })

  it('a failure after a lasting connection is reported each time', async () => {
    const { told, asked } = await time(100, { streamLife: 20 })
    expect(asked.streams).toBe(5)
    expect(told.map((each) => each.split(' ')[1])).toEqual(Array(4).fill('network-failed'))
  })
})

describe('in development', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
  })

  const refuse = (code: string) => () => problem(403, code, 'The origin is not allowed: list it in allowedOrigins')

  it('a page warns on its console, once for each kind, with its origin and the remedy', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    vi.stubGlobal('location', { origin: 'http://localhost:5173', hostname: 'localhost' })
    await run({ events: refuse('origin-rejected') }, { onError: () => {} })
    await run({ events: refuse('origin-rejected') })
    expect(warn.mock.calls.map(([text]) => text)).toEqual([
      'authchart: The origin is not allowed: list it in allowedOrigins (origin-rejected, on a page of http://localhost:5173)',
    ])
  })

  it('but not in production or without a page', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    await run({ events: refuse('host-rejected') })
    vi.stubGlobal('location', { origin: 'https://app.example.com', hostname: 'app.example.com' })
    vi.stubEnv('NODE_ENV', 'production')
    await run({ events: refuse('host-rejected') })
    expect(warn).not.toHaveBeenCalled()
  })
})
