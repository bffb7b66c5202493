/**
 * Headers of every answer. `no-store`: a view holds for one browser at one moment. `no-transform`: a middleware that
 * compresses would hold a frame back until it has enough of them (RFC 9111 §5.2.2.6). `nosniff`: no browser runs an
 * answer as a script because of what it looks like (Fetch, "X-Content-Type-Options header").
 */
export const answerHeaders = {
  'cache-control': 'no-store, no-transform',
  'x-content-type-options': 'nosniff',
} as const

/** Carries the label of the request that is answered. */
export const connectionHeader = 'authchart-connection'

const entries = Object.entries(answerHeaders)

export function setAnswerHeaders(headers: Headers): void {
  for (const [name, value] of entries) headers.set(name, value)
}
