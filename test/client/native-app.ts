import { request as send, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'

/** The `AbortSignal` of React Native. It has no reason, and lacks `any`, `timeout` and `throwIfAborted`. */
class NativeSignal {
  aborted = false
  readonly listeners = new Set<() => void>()
  addEventListener(_: 'abort', listener: () => void) {
    this.listeners.add(listener)
  }
  removeEventListener(_: 'abort', listener: () => void) {
    this.listeners.delete(listener)
  }
}

class NativeAbortController {
  readonly signal = new NativeSignal()
  abort() {
    if (this.signal.aborted) return
    this.signal.aborted = true
    for (const listener of this.signal.listeners) listener()
  }
}

/** The `Response` of React Native's `fetch`. It has a complete text and no `body`. */
class NativeResponse {
  readonly status: number
  readonly ok: boolean
  readonly headers: { get(name: string): string | null }
  readonly #read: () => Promise<string>
  constructor(message: IncomingMessage, read: () => Promise<string>) {
    this.status = message.statusCode ?? 0
    this.ok = this.status >= 200 && this.status < 300
    this.headers = { get: (name) => (message.headers[name.toLowerCase()] as string | undefined) ?? null }
    this.#read = read
  }
  text() {
    return this.#read()
  }
}

/** The `Response` of `expo/fetch`. */
class ExpoResponse extends NativeResponse {
  readonly body: { getReader(): { read(): Promise<{ done: boolean; value?: Uint8Array }> } }
  constructor(message: IncomingMessage) {
    super(message, () => text(message))
    this.body = {
      getReader() {
        const chunks = message[Symbol.asyncIterator]()
        return { read: async () => (await chunks.next()) as { done: boolean; value?: Uint8Array } }
      },
    }
  }
}

interface NativeInit {
  readonly method?: string
  readonly headers?: Record<string, string> | Headers
  readonly body?: string
  readonly cache?: string
  readonly credentials?: string
  readonly signal?: NativeSignal
}

export interface NativeRequest {
  readonly method: string
  readonly path: string
}

/** The network of one app. It records the requests, and keeps cookies for the whole app as the system does. */
function createNetwork() {
  const cookies = new Map<string, string>()
  const requests: NativeRequest[] = []
  const connection = { isDown: false }

  /**
   * Returns a `fetch`.
   *
   * @param isStreaming if false, the answer is available when its body has ended, as with XMLHttpRequest
   */
  const toFetch =
    (isStreaming: boolean) =>
    async (url: string, { method = 'GET', headers, body, cache, signal }: NativeInit = {}) => {
      const target = new URL(url)
      // React Native's polyfill has no cache that it could control, so it does this instead.
      if (!isStreaming && cache === 'no-store' && method === 'GET')
        target.searchParams.set('_', String(requests.length))
      const noted = { method, path: target.pathname }
      requests.push(noted)
      if (connection.isDown) throw new TypeError('Network request failed')
      const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
      const message = await new Promise<IncomingMessage>((resolve, reject) => {
        const request = send(target, {
          method,
          agent: false,
          headers: { ...Object.fromEntries(new Headers(headers)), ...(cookie && { cookie }) },
        })
        signal?.addEventListener('abort', () => request.destroy(new Error('Aborted')))
        request.on('error', reject)
        request.on('response', resolve)
        request.end(body)
      })
      for (const line of message.headers['set-cookie'] ?? []) {
        const [, name = '', value = ''] = /^([^=]*)=([^;]*)/.exec(line) ?? []
        cookies.set(name, value)
      }
      if (isStreaming) return new ExpoResponse(message)
      const answer = await text(message)
      return new NativeResponse(message, () => Promise.resolve(answer))
    }

  return { cookies, requests, connection, nativeFetch: toFetch(false), expoFetch: toFetch(true) }
}

/** Standards that Hermes got late or never. */
const missing = [
  'Array.prototype.toSorted',
  'Array.prototype.toReversed',
  'Array.prototype.with',
  'Array.fromAsync',
  'Promise.withResolvers',
  'Object.groupBy',
  'Map.groupBy',
  'Iterator',
  'SharedArrayBuffer',
]

/**
 * Starts a JavaScript engine with only the features that React Native gives an app. It has no document, window,
 * location, storage, navigator, crypto, URL, Event, BroadcastChannel, AbortSignal statics or TextDecoder. With Expo
 * there is a TextDecoder.
 */
export async function openNativeApp(entry: URL, options: { readonly hasExpo?: boolean } = {}) {
  const network = createNetwork()
  const complaints: unknown[] = []
  const note = (...line: unknown[]) => void complaints.push(line)
  const globals: Record<string, unknown> = {
    setTimeout,
    clearTimeout,
    setInterval,
    clearInterval,
    console: { log: note, info: note, warn: note, error: note },
    AbortController: NativeAbortController,
    fetch: network.nativeFetch,
    Response: NativeResponse,
    Headers,
    ...(options.hasExpo && { TextDecoder }),
  }
  const context = createContext(globals)
  for (const name of missing) runInContext(`delete ${name}`, context)
  const { outputFiles } = await build({
    entryPoints: [entry.pathname],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'app',
    target: 'es2022',
    define: { 'process.env.NODE_ENV': '"production"' },
    alias: { 'authchart/client': new URL('../../adapters/browser/index.ts', import.meta.url).pathname },
  })
  runInContext(outputFiles[0]!.text, context)
  return { ...network, complaints, app: runInContext('app', context) as unknown }
}
