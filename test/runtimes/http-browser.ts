import { setTimeout as wait } from 'node:timers/promises'
import { openSse } from '../h3/sse-reader.ts'

/** Time that a server may take until it answers, ms. */
const startWithin = 60_000

/** A browser without a page: it keeps the session cookie of one server, and sends what the client would send. */
export function createHttpBrowser(origin: string) {
  let cookie = ''
  const keep = (header: string | null | undefined) => void (cookie = header?.split(';')[0] ?? cookie)

  async function request(path: string, init: RequestInit = {}) {
    const headers = { cookie, origin, 'content-type': 'application/json' }
    const answer = await fetch(origin + path, { ...init, headers })
    keep(answer.headers.get('set-cookie'))
    return answer
  }

  async function send(path: string, body?: object) {
    const answer = await request(path, body && { method: 'POST', body: JSON.stringify(body) })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }

  return {
    /** The session cookie, as `name=value`; empty before the server has set it. */
    get cookie() {
      return cookie
    },
    send,
    /** @returns the HTML of a page */
    async page(path: string) {
      return (await request(path)).text()
    },
    /** Opens the event stream. */
    async open() {
      const stream = await openSse(`${origin}/auth/events`, { cookie })
      keep(stream.headers['set-cookie']?.[0])
      return stream
    },
    /** Resolves once the server answers. @throws Error after 60 s */
    async untilUp() {
      const deadline = performance.now() + startWithin
      while (performance.now() < deadline) {
        const status = await send('/auth/session').then(
          (answer) => answer.status,
          () => null,
        )
        if (status === 200) return
        await wait(200)
      }
      throw new Error(`${origin} did not answer within ${startWithin} ms`)
    },
  }
}
