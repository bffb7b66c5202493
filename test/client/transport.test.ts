import { afterEach, describe, expect, it, vi } from 'vitest'
import { toUncheckedView } from '../../machines/auth-view.ts'
import { BearerToken } from '../../machines/index.ts'
import type { SyncEvent } from '../../machines/sync-events.ts'
import { createTransport } from '../../adapters/browser/transport.ts'

const view = { ...toUncheckedView(0), channel: 'channel', rev: 3, now: 1 }
const post = { type: 'session.cleared', tab: 'tab', seq: 1 } as const

function createTest(response: Response) {
  const requests: { url: string; init: RequestInit }[] = []
  const transport = createTransport({
    endpoint: 'https://api.example.test/auth',
    credentials: 'include',
    now: () => 42,
    fetch: async (url, init = {}) => {
      requests.push({ url: url as string, init })
      return response.clone()
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

const toStream = (...frames: string[]) =>
  new Response(frames.join(''), { headers: { 'content-type': 'text/event-stream; charset=utf-8' } })
const toProblem = (status: number, body: unknown, headers = {}) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/problem+json', ...headers } })

afterEach(() => vi.unstubAllGlobals())

it('names the session that the tab was told of in every query, once there is one, and in no body', async () => {
  const urls = async (channel: string | undefined) => {
    const test = createTest(Response.json(view))
    await test.post({ ...post, ...(channel !== undefined && { channel }) })
    await test.ask(channel)
    const [{ init } = {}] = test.requests
    expect(JSON.parse(init?.body as string)).toEqual(post)
    return test.requests.map(({ url }) => url.slice('https://api.example.test/auth'.length))
  }
  expect(await urls('node.chan-1')).toEqual(['/events?channel=node.chan-1', '/session?channel=node.chan-1'])
  for (const none of ['', undefined]) expect(await urls(none)).toEqual(['/events', '/session'])
})

describe('readStream', () => {
  it('needs no TextDecoderStream, which some webviews lack, and puts cut characters together', async () => {
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

  it('asks for the stream of its tab, and sends frames as events', async () => {
    const test = createTest(
      toStream(
        'retry: 1200\n\n',
        `event: view\nid: 3\ndata: ${JSON.stringify(view)}\n\n`,
        'event: ping\ndata: {"now":5}\n\n',
        'event: ping\ndata: {}\n\n',
        'event: novelty\ndata: 1\n\n',
        'event: bye\ndata: {"reason":"rotated"}\n\n',
      ),
    )
    await expect(test.read()).rejects.toMatchObject({ code: 'network-failed', retryable: true })
    expect(test.requests).toMatchObject([
      {
        url: 'https://api.example.test/auth/events?tab=tab-1',
        init: { credentials: 'include', cache: 'no-store', headers: { accept: 'text/event-stream' } },
      },
    ])
    expect(test.events).toEqual([
      { type: 'retry.hinted', delay: 1200 },
      { type: 'view.received', view },
      { type: 'ping.received', now: 5 },
      { type: 'ping.received', now: 42 },
      { type: 'stream.ended', reason: 'rotated' },
    ])
  })

  it('rejects a frame that is no view, and a body that is no event stream', async () => {
    for (const data of ['nonsense', 'null', '7', '[]', '{"channel":"c"}']) {
      await expect(createTest(toStream(`event: view\ndata: ${data}\n\n`)).read()).rejects.toMatchObject({
        code: 'answer-malformed',
        retryable: true,
      })
    }
    await expect(createTest(Response.json(view)).read()).rejects.toMatchObject({ code: 'answer-malformed' })
  })
})

describe('an answer that is an error', () => {
  it('is the code, the word on retrying, Retry-After in ms, and the view of the problem document', async () => {
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
  ])('of a proxy, %i without a problem document, is worth another try: %s', async (status, retryable) => {
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

describe('post', () => {
  it('sends the token in the body only, and outlives the page with a clear only', async () => {
    const test = createTest(Response.json(view))
    expect(await test.post({ type: 'token.received', tab: 'tab', seq: 4, token: new BearerToken('a.b.c') })).toEqual(
      view,
    )
    expect(test.requests[0]?.url).toBe('https://api.example.test/auth/events')
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

  it('rejects an answer that is no view', async () => {
    await expect(createTest(new Response('ok')).post()).rejects.toMatchObject({ code: 'answer-malformed' })
  })
})
