import type { H3Event } from 'h3'
import { AuthError } from '../../machines/auth-error.ts'
import type { RevokedIdentity } from '../hub/requests/revoke-identity.ts'
import type { SessionHub } from '../hub/session-hub.ts'
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
/** The events by which Clerk reports the end of a session. Clerk never takes them back. */
const sessionEnds: ReadonlySet<string> = new Set(['session.ended', 'session.removed', 'session.revoked'])
/** 24 to 64 bytes of base64 (Standard Webhooks, "Signature scheme"). */
const secretForm = /^(?:whsec_)?[A-Za-z0-9+/]{32,}={0,2}$/

/** @throws TypeError if the text cannot be a signing secret: with an empty HMAC key anyone could forge a webhook */
export function requireWebhookSecret(secret: string): void {
  if (secretForm.test(secret)) return
  throw new TypeError('createAuthServer: clerk.webhookSecret must be a signing secret, whsec_…')
}

/**
 * Makes the handler of Clerk's webhooks. It signs out the reported session or user here and on every node before it
 * answers. A repeated message has no further effect. If the store cannot be reached it answers 503, and Clerk sends the
 * message again.
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
  // Loaded on the first webhook, so that an app without webhooks does not need @clerk/backend.
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
