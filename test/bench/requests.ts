import { createMessageId, signWebhook } from '../kit/clerk-emulator/webhook.ts'
import type { ContenderName } from './contenders/index.ts'
import { toRequest } from './raw-http.ts'

/** The headers that a browser on the page sends with every request. */
const toPageHeaders = (port: number) => [
  `host: 127.0.0.1:${port}`,
  `origin: http://127.0.0.1:${port}`,
  'sec-fetch-site: same-origin',
  'user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'accept-language: en-US,en;q=0.9',
]

export interface StreamRequestOptions {
  readonly port: number
  readonly tab: string
  /** The token that signs the stream's session in. */
  readonly token?: string
  /** The session's cookie, or other cookies. */
  readonly cookie?: string
}

export function toStreamRequest({ port, tab, token, cookie }: StreamRequestOptions): string {
  return toRequest('GET', `/auth/events?tab=${tab}`, [
    ...toPageHeaders(port),
    'accept: text/event-stream',
    ...(cookie === undefined ? [] : [`cookie: ${cookie}`]),
    ...(token === undefined ? [] : [`authorization: Bearer ${token}`]),
  ])
}

export interface TokenRequestOptions {
  readonly port: number
  readonly tab: string
  readonly cookie: string
  readonly token: string
}

/** Prepares a POST of a token. Clerk's `authenticateRequest` reads it from a header, all others from the body. */
export function toTokenRequest(name: ContenderName, { port, tab, cookie, token }: TokenRequestOptions): string {
  const headers = [...toPageHeaders(port), `cookie: ${cookie}`]
  const body = { type: 'token.received', tab }
  return name === 'clerk-authenticate'
    ? toRequest('POST', '/auth/events', [...headers, `authorization: Bearer ${token}`], JSON.stringify(body))
    : toRequest('POST', '/auth/events', headers, JSON.stringify({ ...body, token }))
}

export const toGetRequest = (port: number, path: string, cookie: string): string =>
  toRequest('GET', path, [...toPageHeaders(port), `cookie: ${cookie}`])

/** Clerk's webhook about a user or a session, signed. */
export function toWebhookRequest(port: number, secret: string, event: { type: string; data: { id: string } }): string {
  const { body, headers } = signWebhook(event, { secret, sentAt: Date.now(), id: createMessageId() })
  const lines = Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'content-type')
  return toRequest('POST', '/auth/webhook', [`host: 127.0.0.1:${port}`, ...lines.map((line) => line.join(': '))], body)
}
