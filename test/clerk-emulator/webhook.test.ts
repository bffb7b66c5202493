import { verifyWebhook } from '@clerk/backend/webhooks'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createClerkEmulator, type ClerkEmulator, type SignedWebhook } from '../kit/index.ts'

let clerk: ClerkEmulator
beforeAll(async () => {
  clerk = await createClerkEmulator({ users: [{ id: 'user_ada', email: 'ada@example.test' }] })
})
afterAll(() => clerk.close())

const verify = ({ body, headers }: SignedWebhook) =>
  verifyWebhook(new Request('http://localhost/webhook', { method: 'POST', body, headers }), {
    signingSecret: clerk.webhookSecret,
  })

it("a signed webhook passes Clerk's verification with its event intact", async () => {
  const session = clerk.createSession('user_ada')
  clerk.revokeSession(session)
  const event = await verify(clerk.signWebhook(clerk.webhookEvent('session.revoked', session)))
  expect(event).toMatchObject({
    type: 'session.revoked',
    data: { id: session.id, status: 'revoked', user: { id: 'user_ada' } },
  })
})

it('events about users contain the user, or the rest of a deleted one', () => {
  const eve = clerk.addUser({ email: 'eve@example.test' })
  expect(clerk.webhookEvent('user.updated', eve).data).toMatchObject({ object: 'user', id: eve.id })
  expect(clerk.webhookEvent('user.deleted', eve).data).toEqual({ object: 'user', id: eve.id, deleted: true })
})

it('a forged, changed or stale webhook does not pass', async () => {
  const event = { type: 'user.deleted', data: { id: 'user_ada' } }
  const signed = clerk.signWebhook(event)
  await expect(verify({ ...signed, body: signed.body.replace('ada', 'eve') })).rejects.toThrow('No matching signature')
  await expect(verify(clerk.signWebhook(event, { secret: 'whsec_AAAA' }))).rejects.toThrow('No matching signature')
  await expect(verify(clerk.signWebhook(event, { sentAt: Date.now() - 600_000 }))).rejects.toThrow('too old')
})
