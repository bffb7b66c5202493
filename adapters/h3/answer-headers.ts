/**
 * The headers of every answer. `no-store`: a view is valid for one browser at one moment. `no-transform`: a middleware
 * that compresses would hold frames back until it has enough of them (RFC 9111 §5.2.2.6). `nosniff`: a browser must not
 * run an answer as a script because of how it looks (Fetch, "X-Content-Type-Options header").
 */
export const answerHeaders = {
  'cache-control': 'no-store, no-transform',
  'x-content-type-options': 'nosniff',
} as const

/** The header with the label of the request that is answered. */
export const connectionHeader = 'authchart-connection'

const entries = Object.entries(answerHeaders)

export function setAnswerHeaders(headers: Headers): void {
  for (const [name, value] of entries) headers.set(name, value)
}
