import type { IncomingMessage } from 'node:http'
import { createSseParser } from '../browser/sse-parser.ts'
import { toStranger } from './check-answer.ts'
import { checkCookie, findSessionCookie, type SetCookie } from './check-cookie.ts'
import { fail, ok, type Finding } from './finding.ts'
import { readAnswer, toObject, type Probe } from './probe.ts'

export interface StreamOptions {
  /** The origin of the page. */
  readonly origin: URL
  /** The wait for the first view, ms. */
  readonly viewWait: number
  /** The wait for the first ping, ms; 0 to ask for none. */
  readonly pingWait: number
}

/** What the first frame of a stream tells, and the stream that is still open. */
export interface OpenedStream {
  readonly findings: readonly Finding[]
  readonly cookie: SetCookie | null
  /** The channel of the first view, or null if there is none. */
  readonly channel: string | null
  /** Waits for the first ping, which shows that nothing cuts the stream. */
  whenPinged(): Promise<Finding[]>
  close(): void
}

const bufferPage = 'docs/networks.md#a-proxy-that-buffers'
const cutPage = 'docs/networks.md#a-proxy-that-cuts-idle-connections'

/** Opens a stream as a browser does, and finds out if its first frame comes at once. */
export async function openStream(probe: Probe, { origin, viewWait, pingWait }: StreamOptions): Promise<OpenedStream> {
  const begun = Date.now()
  const toClosed = (...findings: Finding[]): OpenedStream => ({
    findings,
    cookie: null,
    channel: null,
    whenPinged: async () => [],
    close() {},
  })
  const response = await probe
    .open({
      path: '/events?tab=doctor',
      headers: { accept: 'text/event-stream', 'accept-encoding': 'gzip, deflate, br' },
      timeout: viewWait,
    })
    .catch(() => null)
  if (response === null) return toClosed(toBuffered(`Nothing of the stream comes within ${viewWait / 1_000} s`))
  const { headers } = response
  if (headers['content-type']?.startsWith('text/event-stream') !== true) {
    const stranger = toStranger(await readAnswer(response, viewWait))
    return toClosed(stranger ?? toBuffered('The answer is no event stream'))
  }
  const cookie = findSessionCookie(headers['set-cookie'])
  const cookies = checkCookie(cookie, probe.url, origin)
  if (headers['content-encoding'] !== undefined) {
    response.destroy()
    return toClosed(
      toBuffered(`A proxy or a middleware compresses the stream (${headers['content-encoding']})`),
      ...cookies,
    )
  }
  const frames = createFrameReader(response)
  const view = await frames.next('view', viewWait)
  if (typeof view !== 'string') {
    frames.close()
    return toClosed(toBuffered(`No frame of the stream comes within ${viewWait / 1_000} s`), ...cookies)
  }
  return {
    findings: [ok('stream', `The first frame of the stream came after ${Date.now() - begun} ms.`), ...cookies],
    cookie,
    channel: String(toObject(view)['channel']),
    async whenPinged() {
      if (pingWait === 0) return []
      const ping = await frames.next('ping', pingWait)
      if (typeof ping === 'string') return [ok('ping', 'The stream stays open until its first ping.')]
      if (ping.missing === 'late')
        return [toBuffered(`The first frame comes, and no ping within ${pingWait / 1_000} s`)]
      const remedy = 'Raise the limit of the proxy for idle connections above 20 s.'
      return [fail('lost', `The stream is cut after ${Math.round((Date.now() - begun) / 1_000)} s`, remedy, cutPage)]
    },
    close: () => frames.close(),
  }
}

const toBuffered = (message: string) =>
  fail('polling', message, 'Turn buffering and compression off for the base path: pages poll until then.', bufferPage)

/** Reads the frames of a stream, and keeps the last one of each event. */
function createFrameReader(response: IncomingMessage) {
  const frames = new Map<string, string>()
  let look = () => {}
  const parse = createSseParser({
    onMessage({ event, data }) {
      frames.set(event, data)
      look()
    },
    onRetry() {},
  })
  let isEnded = false
  response.once('close', () => {
    isEnded = true
    look()
  })
  response
    .setEncoding('utf8')
    .on('error', () => {})
    .on('data', parse)

  return {
    /** Resolves with the data of an event of this name, or tells why there is none. */
    next: (event: string, wait: number): Promise<string | { readonly missing: 'late' | 'ended' }> =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, wait, { missing: 'late' })
        look = () => {
          const frame = frames.get(event)
          if (frame === undefined && !isEnded) return
          clearTimeout(timer)
          resolve(frame ?? { missing: 'ended' })
        }
        look()
      }),
    close: () => response.destroy(),
  }
}
