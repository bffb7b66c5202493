import type { H3Event } from 'h3'
import { AuthError } from '../../machines/auth-error.ts'
import type { RevokedIdentity, SessionHub } from '../hub/session-hub.ts'
import type { Logger } from '../logger.ts'
import { answerHeaders } from './answer-headers.ts'
import { createBodyReader } from './read-body.ts'

export interface WebhookOptions {
  readonly hub: Pick<SessionHub, 'revoke'>
  /** The endpoint's signing secret, `whsec_…`. */
  readonly secret: string
  readonly logger: Logger
}

const maxBody = 256 * 1_024
/** The ways in which Clerk says that a session is over. None of them is ever taken back. */
const sessionEnds: ReadonlySet<string> = new Set(['session.ended', 'session.removed', 'session.revoked'])
/** 24 to 64 bytes of base64 (Standard Webhooks, "Signature scheme"). */
const secretForm = /^(?:whsec_)?[A-Za-z0-9+/]{32,}={0,2}$/

/** @throws TypeError where it cannot be a signing secret: an empty HMAC key would let anyone forge. */
export function requireWebhookSecret(secret: string): void {
  if (secretForm.test(secret)) return
  throw new TypeError('createAuthServer: clerk.webhookSecret must be a signing secret, whsec_…')
}

/**
 * → the handler of Clerk's webhooks: what it says is over, is over here and on every node before the answer. The same
 * message twice does no more than once. A store that is out of reach answers 503, and Clerk sends it again.
 */
export function createWebhook({ hub, secret, logger }: WebhookOptions): (event: H3Event) => Promise<Response> {
  const bodies = createBodyReader(logger)
  return async (event) => {
    const body = await bodies.readText(event, maxBody)
    const { type, data } = await verify(event, body, secret, logger)
    const ended = toEnded(type, data)
    if (ended) await hub.revoke(ended)
    logger.debug('webhook.taken', { type, id: ended?.id })
    return new Response(null, { status: 204, headers: answerHeaders })
  }
}

/** @throws AuthError `request-malformed`, as Clerk's own examples answer 400 */
async function verify(event: H3Event, body: string, signingSecret: string, logger: Logger) {
  // Loaded when the first webhook comes, so that an app without them needs no @clerk/backend.
  const { verifyWebhook } = await import('@clerk/backend/webhooks')
  const { headers } = event.req
  try {
    return await verifyWebhook(new Request(event.url, { method: 'POST', headers, body }), { signingSecret })
  } catch (cause) {
    logger.warn('webhook.refused', { reason: cause instanceof Error ? cause.message : 'unknown' })
    throw new AuthError('request-malformed', 'The request is malformed: the webhook is not signed as it should be', {
      cause,
    })
  }
}

function toEnded(type: string, data: unknown): RevokedIdentity | null {
  const isUser = type === 'user.deleted'
  if (!isUser && !sessionEnds.has(type)) return null
  const id = typeof data === 'object' && data !== null && 'id' in data ? data.id : undefined
  if (typeof id !== 'string' || id === '') {
    throw new AuthError('request-malformed', 'The request is malformed: the webhook does not say whom it is about')
  }
  return isUser ? { kind: 'user', id, isGone: true } : { kind: 'session', id }
}
