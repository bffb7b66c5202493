import { equal } from 'node:assert/strict'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { createMessageId, signWebhook } from '../kit/clerk-emulator/webhook.ts'
import { fuzz } from './fuzz-run.ts'
import { createFuzzedServer, webhookSecret } from './fuzzed-server.ts'
import { hostileJson, hostileText, toHeaderValue } from './hostile-text.ts'

const types = ['session.ended', 'session.removed', 'session.revoked', 'user.deleted', 'user.updated']

/** Events that Clerk might send, and many that it never would. None is about the signed-in user. */
const message = fc.record({
  type: fc.oneof(fc.constantFrom(...types), hostileText),
  data: fc.oneof(
    fc.record({ id: fc.oneof(fc.constantFrom('sess_none', 'user_none', ''), fc.jsonValue({ maxDepth: 1 })) }),
    fc.jsonValue({ maxDepth: 3 }),
  ),
})

interface Hook {
  readonly body: string
  readonly headers: Record<string, string>
  readonly isSigned: boolean
}

const headerName = fc.constantFrom('svix-id', 'svix-timestamp', 'svix-signature')

const hook: fc.Arbitrary<Hook> = fc.oneof(
  message.map((event) => ({ ...sign(event), isSigned: true })),
  fc
    .tuple(message, headerName, hostileText.map(toHeaderValue))
    .map(([event, name, value]) => ({ ...forge(sign(event), { [name]: value }), isSigned: false })),
  fc
    .tuple(message, fc.oneof(hostileJson, hostileText))
    .map(([event, body]) => ({ ...sign(event), body, isSigned: false })),
)

function sign(event: { type: string; data: unknown }) {
  return signWebhook(event, { secret: webhookSecret, sentAt: Date.now(), id: createMessageId() })
}

const forge = ({ body, headers }: { body: string; headers: Record<string, string> }, changed: object) => ({
  body,
  headers: { ...headers, ...changed },
})

it('the webhook answers any body with 204 or 400, and signs out no user whom it does not name', async () => {
  const server = createFuzzedServer()
  await server.signIn(1e7)
  const outcomes = await fuzz('webhook', 0.02, hook, async ({ body, headers, isSigned }) => {
    const response = await server.request('/auth/webhook', { method: 'POST', body, headers })
    equal(server.auth.stats().signedIn, 1)
    if (response.status !== 204) return `${await server.outcomeOf(response)} (${isSigned ? 'signed' : 'forged'})`
    equal(await response.text(), '')
    return `204 (${isSigned ? 'signed' : 'forged'})`
  })
  expect([...outcomes.keys()].toSorted()).toEqual([
    '204 (signed)',
    '400 request-malformed (forged)',
    '400 request-malformed (signed)',
  ])
  await server.auth.close()
}, 120_000)
