import { afterEach, describe, expect, it, vi } from 'vitest'
import { createTransport } from '../../adapters/browser/transport.ts'
import { toUncheckedView } from '../../machines/auth-view.ts'
import { BearerToken } from '../../machines/index.ts'
import type { SyncEvent } from '../../machines/sync/sync-events.ts'

const view = { ...toUncheckedView(0), channel: 'channel', rev: 3, now: 1 }
const post = { type: 'session.cleared', tab: 'tab', seq: 1 } as const

function createTest(response: Response, toConnection = (asked: string | null) => asked) {
  const requests: { url: string; init: RequestInit }[] = []
  const transport = createTransport({
    endpoint: 'https://api.example.test/auth',
    credentials: 'include',
    now: () => 42,
    fetch: async (input, init = {}) => {
      const url = input as string
      requests.push({ url, init })
      const answer = response.clone()
      const asked = /[?&]connection=([^&]*)/.exec(url)?.[1]
      const connection = toConnection(asked ?? null)
      if (connection !== null) answer.headers.set('authchart-connection', connection)
      return answer
    },
  })
  const events: SyncEvent[] = []
  const { signal } = new AbortController()
  return {
    requests,
    events,
    read: () => transport.readStream({ tab: 'tab-1' }, (event) => events.push(event), signal),
    ask: (channel?: string) => transport.fetchView({ channel }, signal),
    post: (event: Parameters<typeof transport.post>[0] = post) => transport.post(event, signal),
  }
}

const withoutLabel = (url: string) => url.replace(/[?&]connection=[\w-]+$/, '')
const toStream = (...frames: string[]) =>
  new Response(frames.join(''), { headers: { 'content-type': 'text/event-stream; charset=utf-8' } })
const toProblem = (status: number, body: unknown, headers = {}) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/problem+json', ...headers } })

afterEach(() => vi.unstubAllGlobals())

it("names the tab's session in every query, once there is one, and in no body", async () => {
  const urls = async (channel: string | undefined) => {
    const test = createTest(Response.json(view))
    await test.post({ ...post, ...(channel !== undefined && { channel }) })
    await test.ask(channel)
    const [{ init } = {}] = test.requests
    expect(JSON.parse(init?.body as string)).toEqual(post)
    return test.requests.map(({ url }) => withoutLabel(url).slice('https://api.example.test/auth'.length))
  }
  expect(await urls('node.chan-1')).toEqual(['/events?channel=node.chan-1', '/session?channel=node.chan-1'])
  for (const none of ['', undefined]) expect(await urls(none)).toEqual(['/events', '/session'])
})

describe('readStream', () => {
  it('needs no TextDecoderStream, which some webviews lack, and joins characters that were cut', async () => {
    vi.stubGlobal('TextDecoderStream', undefined)
    const bytes = new TextEncoder().encode(`event: view\ndata: ${JSON.stringify({ ...view, userId: 'ädä' })}\n\n`)
    const body = new ReadableStream({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
        controller.close()
      },
    })
    const test = createTest(new Response(body, { headers: { 'content-type': 'text/event-stream' } }))
    await expect(test.read()).rejects.toMatchObject({ code: 'network-failed' })
    expect(test.events).toMatchObject([{ type: 'view.received', view: { userId: 'ädä' } }])
  })

  it('requests the stream of its tab, and gives frames as events', async () => {
    const test = createTest(
      toStream(
        'retry: 1200\n\n',
        `event: view\nid: 3\ndata: ${JSON.stringify(view)}\n\n`,
        'event: ping\ndata: {"now":5}\n\n',
        'event: novelty\ndata: 1\n\n',
        'event: bye\ndata: {"reason":"rotated"}\n\n',
      ),
    )
    await expect(test.read()).rejects.toMatchObject({ code: 'network-failed', retryable: true })
    expect(test.requests.map(({ url }) => withoutLabel(url))).toEqual([
      'https://api.example.test/auth/events?tab=tab-1',
    ])
    expect(test.requests).toMatchObject([
      {
        init: { credentials: 'include', cache: 'no-store', headers: { accept: 'text/event-stream' } },
      },
    ])
    expect(test.events).toEqual([
      { type: 'retry.hinted', delay: 1200 },
      { type: 'view.received', view },
      { type: 'ping.received', now: 5 },
      { type: 'stream.ended', reason: 'rotated' },
    ])
  })

  it('rejects a ping without a time, which would leave the clock undefined', async () => {
    for (const data of ['nonsense', '{}', '{"now":"5"}', '{"now":null}']) {
      const test = createTest(toStream(`event: ping\ndata: ${data}\n\n`))
      await expect(test.read()).rejects.toMatchObject({ code: 'answer-malformed', retryable: true })
      expect(test.events).toEqual([])
    }
  })

  it('rejects a frame that is not a view, and a body that is not an event stream', async () => {
    for (const data of ['nonsense', 'null', '7', '[]', '{"channel":"c"}']) {
      await expect(createTest(toStream(`event: view\ndata: ${data}\n\n`)).read()).rejects.toMatchObject({
        code: 'answer-malformed',
        retryable: true,
      })
    }
    await expect(createTest(Response.json(view)).read()).rejects.toMatchObject({ code: 'answer-malformed' })
  })
})

describe('an answer that a cache or a service worker kept', () => {
  const frames = ['retry: 1200\n\n', `event: view\nid: 3\ndata: ${JSON.stringify(view)}\n\n`]
  const cached = {
    code: 'answer-cached',
    retryable: true,
    message: expect.stringMatching(/service worker.*exclude https:\/\/api\.example\.test\/auth\/\*/),
  }

  it.each<[string, (asked: string | null) => string | null]>([
    ['the label of an earlier request', () => '1-2-3'],
    ['an empty label', () => ''],
  ])('is known by %s: neither its view nor its clock is taken', async (_, toConnection) => {
    const stream = createTest(toStream(...frames), toConnection)
    await expect(stream.read()).rejects.toMatchObject(cached)
    expect(stream.events).toEqual([])
    await expect(createTest(Response.json(view), toConnection).ask()).rejects.toMatchObject(cached)
  })

  it('never counts as the answer to a later request, because each has its own label', async () => {
    const kept: (string | null)[] = []
    const test = createTest(Response.json(view), (asked) => {
      kept.push(asked)
      return kept[0] ?? null
    })
    expect(await test.ask()).toEqual(view)
    for (let each = 0; each < 20; each += 1) await expect(test.ask()).rejects.toMatchObject(cached)
    expect(new Set(kept).size).toBe(21)
    for (const label of kept) expect(label).toMatch(/^[\w-]{8,64}$/)
  })

  it('is recognised without Web Crypto too', async () => {
    vi.stubGlobal('crypto', undefined)
    const test = createTest(Response.json(view))
    expect(await test.ask()).toEqual(view)
    expect(test.requests[0]?.url).toMatch(/[?&]connection=\d{8,}$/)
  })

  it.each(['ask', 'post'] as const)(
    'is recognised by a missing label too, once the server has labelled an answer to %s',
    async (how) => {
      let hasLabel = true
      const test = createTest(Response.json(view), (asked) => (hasLabel ? asked : null))
      expect(await test[how]()).toEqual(view)
      hasLabel = false
      await expect(test.ask()).rejects.toMatchObject(cached)
      await expect(test.read()).rejects.toMatchObject({ code: 'answer-malformed' })
      expect(await test.post()).toEqual(view)
    },
  )

  it('of a server without labels sets no clock back: its view counts, and its time only if it is ahead', async () => {
    const frame = (now: number) => `event: view\ndata: ${JSON.stringify({ ...view, now })}\n\n`
    const stream = createTest(toStream(frame(1), frame(50), 'event: ping\ndata: {"now":2}\n\n'), () => null)
    await expect(stream.read()).rejects.toMatchObject({ code: 'network-failed' })
    expect(stream.events).toMatchObject([{ view: { now: 42 } }, { view: { now: 50 } }, { now: 42 }])
    expect(await createTest(Response.json(view), () => null).ask()).toEqual({ ...view, now: 42 })
  })
})

it('says that something else answers if an answer is a page, as from a captive portal', async () => {
  const portal = () => createTest(new Response('<html>', { headers: { 'content-type': 'text/html' } }), () => null)
  const foreign = {
    code: 'answer-malformed',
    retryable: true,
    message: expect.stringContaining('is authchart mounted'),
  }
  await expect(portal().read()).rejects.toMatchObject(foreign)
  await expect(portal().ask()).rejects.toMatchObject(foreign)
  await expect(portal().post()).rejects.toMatchObject({ code: 'answer-malformed', retryable: true })
})

it('releases the body of an answer that it does not accept', async () => {
  const answers: [type: string, status: number][] = [
    ['text/event-stream', 200],
    ['application/json', 200],
    ['text/html', 200],
    ['text/html', 502],
  ]
  for (const [type, status] of answers) {
    let isLetGo = false
    const body = new ReadableStream({ cancel: () => void (isLetGo = true) })
    const transport = createTransport({
      endpoint: '/auth',
      credentials: 'include',
      now: () => 42,
      fetch: async () =>
        new Response(body, { status, headers: { 'content-type': type, 'authchart-connection': 'of-another' } }),
    })
    const { signal } = new AbortController()
    const asked =
      type === 'application/json'
        ? transport.fetchView({}, signal)
        : transport.readStream({ tab: 't' }, () => {}, signal)
    await expect(asked).rejects.toMatchObject({ name: 'SyncError' })
    expect(isLetGo).toBe(true)
  }
})

describe('an answer that is an error', () => {
  it('gives the code, retryable, Retry-After in ms, and the view of the problem document', async () => {
    const problem = { code: 'token-superseded', detail: 'too old', retryable: true, view }
    const test = createTest(toProblem(401, problem, { 'retry-after': '2' }))
    await expect(test.post()).rejects.toMatchObject({
      name: 'SyncError',
      code: 'token-superseded',
      message: 'too old',
      retryable: true,
      retryAfter: 2_000,
      view,
    })
  })

  it.each([
    [400, false],
    [401, false],
    [403, false],
    [404, false],
    [408, true],
    [425, true],
    [429, true],
    [500, true],
    [502, true],
    [503, true],
  ])('of a proxy, %i without a problem document, is retried: %s', async (status, retryable) => {
    const foreign = Response.json({ code: 16, retryable: !retryable }, { status })
    for (const response of [
      new Response('<html>', { status }),
      foreign,
      toProblem(status, null),
      toProblem(status, {}),
    ]) {
      await expect(createTest(response).read()).rejects.toMatchObject({
        code: 'answer-malformed',
        retryable,
        retryAfter: null,
      })
    }
  })
})

it.each([400, 401, 403, 404, 407, 502])(
  'from another source, %i, is retried after the server itself was heard, because a network sent it',
  async (status) => {
    const foreign = () => createTest(new Response('<html>', { status }))
    const error = { code: 'answer-malformed', retryable: true }
    await expect(foreign().ask('node.chan-1')).rejects.toMatchObject(error)
    await expect(foreign().post({ ...post, channel: 'node.chan-1' })).rejects.toMatchObject(error)
    const refusal = toProblem(403, { code: 'origin-rejected', detail: 'no', retryable: false })
    await expect(createTest(refusal).ask('node.chan-1')).rejects.toMatchObject({ retryable: false })
  },
)

describe('post', () => {
  it('sends the token only in the body, and outlives the page only for a clear', async () => {
    const test = createTest(Response.json(view))
    expect(await test.post({ type: 'token.received', tab: 'tab', seq: 4, token: new BearerToken('a.b.c') })).toEqual(
      view,
    )
    expect(withoutLabel(test.requests[0]?.url ?? '')).toBe('https://api.example.test/auth/events')
    expect(test.requests[0]?.init).toMatchObject({ method: 'POST', keepalive: false })
    expect(JSON.parse(test.requests[0]?.init.body as string)).toEqual({
      type: 'token.received',
      token: 'a.b.c',
      tab: 'tab',
      seq: 4,
    })
    const clear = createTest(Response.json(view))
    await clear.post()
    expect(clear.requests[0]?.init).toMatchObject({ keepalive: true, body: JSON.stringify(post) })
  })

  it('rejects an answer that is not a view', async () => {
    await expect(createTest(new Response('ok')).post()).rejects.toMatchObject({ code: 'answer-malformed' })
  })
})
