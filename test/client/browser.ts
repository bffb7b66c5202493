import { request as send, type IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

export interface LoggedRequest {
  readonly method: string
  readonly path: string
  readonly body: string
}

/**
 * The parts of a browser that the client needs: a `fetch` over node:http that keeps cookies and sends what a page of
 * the origin would send. It is not Node's own `fetch`, which accepts no AbortSignal of happy-dom and keeps no cookies.
 */
export function createBrowser(origin: string, headers: Record<string, string> = { 'sec-fetch-site': 'same-origin' }) {
  const cookies = new Map<string, string>()
  const requests: LoggedRequest[] = []

  const browserFetch: typeof globalThis.fetch = async (input, init = {}) => {
    const url = new URL(input as string, origin)
    const { method = 'GET', signal } = init
    const body = (init.body ?? '') as string
    requests.push({ method, path: url.pathname, body })
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
    return new Promise<Response>((resolve, reject) => {
      const request = send(url, {
        method,
        agent: false,
        headers: { ...(init.headers as Record<string, string>), ...headers, ...(cookie && { cookie }) },
      })
      signal?.addEventListener('abort', () => request.destroy(new Error('aborted')))
      request.on('error', reject)
      request.on('response', (message) => {
        for (const line of message.headers['set-cookie'] ?? []) {
          const [, name = '', value = ''] = /^([^=]*)=([^;]*)/.exec(line) ?? []
          cookies.set(name, value)
        }
        const status = message.statusCode ?? 0
        message.on('error', () => {})
        const response = {
          ok: status >= 200 && status < 300,
          status,
          headers: { get: (name: keyof IncomingHttpHeaders) => message.headers[name] ?? null },
          get body() {
            return Readable.toWeb(message)
          },
          text: () => text(message),
        }
        resolve(response as unknown as Response)
      })
      request.end(body)
    })
  }

  return {
    fetch: browserFetch,
    requests,
    forgetCookies: () => cookies.clear(),
    streams: () => requests.filter(({ method }) => method === 'GET').length,
    posts: () =>
      requests.filter(({ method }) => method === 'POST').map(({ body }) => JSON.parse(body) as { type: string }),
  }
}
