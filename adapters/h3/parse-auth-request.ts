import type { H3Event } from 'h3'
import { AuthError } from '../../machines/auth-error.ts'
import { BearerToken } from '../../machines/bearer-token.ts'
import { trimBlanks } from './trim-blanks.ts'

/** A request that a browser may send. */
export type AuthRequest =
  | { readonly type: 'token.received'; readonly token: BearerToken; readonly tab?: string; readonly seq?: number }
  | { readonly type: 'session.cleared'; readonly sessionId?: string; readonly tab?: string; readonly seq?: number }

const json = 'application/json'
const maxSessionId = 128
const label = /^[\w-]{1,64}$/
const channelName = /^[\w.-]{1,64}$/

const fields = {
  'token.received': ['type', 'token', 'tab', 'seq'],
  'session.cleared': ['type', 'sessionId', 'tab', 'seq'],
} as const

/** The most bytes of the body of a POST. */
export const maxBody = 16 * 1_024

/**
 * Checks the content type of a POST, because a browser sends JSON across origins only after a preflight.
 * @throws AuthError `media-type`
 */
export function requireJson({ req }: H3Event): void {
  const type = req.headers.get('content-type') ?? ''
  if (type !== json && trimBlanks(type.split(';', 1)[0] ?? '').toLowerCase() !== json) throw new AuthError('media-type')
}

/** Reads the body of a POST. @throws AuthError `request-malformed`. No message quotes the body. */
export function toAuthRequest(body: unknown): AuthRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw malformed('the body is not an object')
  const { type, tab, seq, token, sessionId } = body as Record<string, unknown>
  if (type !== 'token.received' && type !== 'session.cleared') throw malformed('type must be one of the two')
  const allowed: readonly string[] = fields[type]
  if (Object.keys(body).some((name) => !allowed.includes(name))) throw malformed('there is a field too many')
  const sender = { ...toTab(tab), ...toSeq(seq) }
  return type === 'token.received'
    ? { type, token: toToken(token), ...sender }
    : { type, ...toSessionId(sessionId), ...sender }
}

/** Reads the name of a tab from the body or the query. @throws AuthError `request-malformed` */
export function toTab(tab: unknown): { tab?: string } {
  if (tab === undefined || tab === null) return {}
  if (typeof tab !== 'string' || !label.test(tab)) throw malformed('tab must be 1 to 64 letters, digits, - or _')
  return { tab }
}

/** Reads from the query the channel that the client was last told, or null. @throws AuthError `request-malformed` */
export function toChannel({ url }: H3Event): string | null {
  if (url.search === '') return null
  const channel = url.searchParams.get('channel')
  if (channel === null || channelName.test(channel)) return channel
  throw malformed('channel must be 1 to 64 letters, digits, dots, - or _')
}

/**
 * Reads the label that the client gave this request, or null. It ignores an invalid label, which may come from another
 * program.
 */
export function toConnection({ url }: H3Event): string | null {
  if (url.search === '') return null
  const connection = url.searchParams.get('connection')
  return connection !== null && label.test(connection) ? connection : null
}

function toSeq(seq: unknown): { seq?: number } {
  if (seq === undefined) return {}
  if (!Number.isSafeInteger(seq) || Number(seq) < 0) throw malformed('seq must be a whole number')
  return { seq: Number(seq) }
}

function toToken(token: unknown): BearerToken {
  if (typeof token !== 'string') throw malformed('token must be a string')
  return new BearerToken(token)
}

function toSessionId(sessionId: unknown): { sessionId?: string } {
  if (sessionId === undefined) return {}
  if (typeof sessionId !== 'string' || sessionId === '' || sessionId.length > maxSessionId) {
    throw malformed('sessionId must be a Clerk session id')
  }
  return { sessionId }
}

const malformed = (detail: string) => new AuthError('request-malformed', `The request is malformed: ${detail}`)
