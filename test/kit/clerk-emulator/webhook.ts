import { createHmac, randomBytes } from 'node:crypto'
import { createId } from './identifiers.ts'

/** A webhook event in Clerk's terms; `data` is the resource as the Backend API tells it. */
export interface EmulatedWebhookEvent {
  /** For example `session.revoked` or `user.deleted`. */
  type: string
  data: unknown
}

/** What can be forged about a signed webhook. */
export interface SignWebhookOptions {
  /** Default: the emulator's `webhookSecret`. */
  secret?: string
  /** When it was sent, ms since the epoch; verifiers refuse more than 5 minutes off. Default: the machine's clock. */
  sentAt?: number
  /** The message id; the same one twice is a replay. Default: random. */
  id?: string
}

/** A request to post to a webhook endpoint as it stands. */
export interface SignedWebhook {
  body: string
  headers: Record<string, string>
}

/**
 * Signs an event the way Svix does for Clerk (Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`), with both the
 * `svix-*` names that `@clerk/backend/webhooks` reads and the standard `webhook-*` ones.
 */
export function signWebhook(event: EmulatedWebhookEvent, options: Required<SignWebhookOptions>): SignedWebhook {
  const { secret, sentAt, id } = options
  const timestamp = String(Math.floor(sentAt / 1000))
  const body = JSON.stringify({ object: 'event', instance_id: 'ins_emulator', timestamp: sentAt, ...event })
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const signature = `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  for (const prefix of ['svix', 'webhook'])
    Object.assign(headers, {
      [`${prefix}-id`]: id,
      [`${prefix}-timestamp`]: timestamp,
      [`${prefix}-signature`]: signature,
    })
  return { body, headers }
}

export const createWebhookSecret = () => `whsec_${randomBytes(24).toString('base64')}`
export const createMessageId = () => createId('msg')
