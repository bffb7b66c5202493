import { createHmac, randomBytes } from 'node:crypto'
import { createId } from './identifiers.ts'

/** A webhook event in Clerk's terms. `data` is the resource in the form of the Backend API. */
export interface EmulatedWebhookEvent {
  /** For example `session.revoked` or `user.deleted`. */
  type: string
  data: unknown
}

/** Options that forge a signed webhook. */
export interface SignWebhookOptions {
  /** Default: the emulator's `webhookSecret`. */
  secret?: string
  /**
   * The time of sending, ms since the epoch. Verifiers refuse more than 5 minutes of difference. Default: the machine's
   * clock.
   */
  sentAt?: number
  /** The message id. Sending the same id twice is a replay. Default: random. */
  id?: string
}

/** A request that can be posted to a webhook endpoint without changes. */
export interface SignedWebhook {
  body: string
  headers: Record<string, string>
}

/**
 * Signs an event as Svix does for Clerk (Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`). It sets both the
 * `svix-*` headers that `@clerk/backend/webhooks` reads and the standard `webhook-*` headers.
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
