import type { AuthView } from '../../machines/index.ts'
import type { SimTab } from './sim-browser.ts'
import { appOrigin } from './sim-clerk.ts'
import type { SimNode } from './sim-node.ts'

/** One request and its outcome. */
export interface Exchange {
  readonly name: string
  readonly tab: SimTab
  readonly node: SimNode
  readonly method: string
  readonly body: string
  /** The cookie that the browser sent. */
  readonly cookie: string | undefined
  /** True while the stream is open at both ends. */
  isStreaming: boolean
  /** True if there was a break in which nobody read the server's bytes. */
  wasStalled: boolean
  /** The browser learns that the connection is gone. */
  reset(): void
  /** The server learns that the browser has gone. */
  hangUp(): void
  /** Stops reading the server's bytes until `resume`. */
  stall(): void
  resume(): void
}

/** Observers of everything that a server sends, at the moment of sending. */
export interface Wiretap {
  onRequest(exchange: Exchange): Promise<void>
  onAnswer(exchange: Exchange, status: number, view: AuthView | undefined): void
  onFrame(exchange: Exchange, view: AuthView): void
  /** Reports a cookie that the server gives out, in the form in which browsers send it. */
  onCookie(exchange: Exchange, cookie: string): Promise<void>
}

export const toRequest = ({ method, body, cookie }: Exchange, path: string) =>
  new Request(`${appOrigin}${path}`, {
    method,
    headers: {
      origin: appOrigin,
      'sec-fetch-site': 'same-origin',
      ...(method === 'POST' && { 'content-type': 'application/json' }),
      ...(cookie !== undefined && { cookie }),
    },
    ...(method === 'POST' && { body }),
  })

/** Returns the cookie that an answer sets, in the form in which browsers send it. */
export const toCookie = ({ headers }: Response) => headers.get('set-cookie')?.split(';')[0]

/** Returns the content of a request. */
export function toBodyText({ body }: Exchange): string {
  if (body === '') return ''
  const { type, seq, sessionId = '' } = JSON.parse(body) as { type: string; seq?: number; sessionId?: string }
  return `${type} ${sessionId} seq ${seq}`
}
