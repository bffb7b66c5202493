import fc from 'fast-check'
import { expect, it } from 'vitest'
import { recordTrace, type AuthErrorCode, type AuthTraceJson } from '../../machines/index.ts'
import { session, startAuth } from '../auth-machine/harness.ts'
import { createProfile, signedOutRecord, toSignedInRecord } from '../kit/auth-fixtures.ts'
import { replayTrace } from '../kit/index.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
const user = fc.constantFrom('user_a', 'user_b')
const code = fc.constantFrom<AuthErrorCode>('token-signature', 'token-expired', 'keys-unavailable', 'internal')

/** One step of a random walk on a running machine. */
const step = fc.oneof(
  fc.constant({ do: 'token' } as const),
  fc.constant({ do: 'token' } as const),
  fc.record({
    do: fc.constant('accept' as const),
    userId: user,
    age: fc.constantFrom(0, 500, 30_000, 3_600_000),
    status: fc.constantFrom('active', 'active', 'pending'),
  }),
  fc.record({ do: fc.constant('refuse' as const), code }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 49, 700, 5_000, 59_000, 61_000, 200_000) }),
  fc.record({ do: fc.constant('skew' as const), ms: fc.constantFrom(-20_000, 300, 5_000) }),
  fc.record({ do: fc.constant('adopt' as const), userId: user, age: fc.constantFrom(0, 3_600_000) }),
  fc.constantFrom(
    { do: 'send', event: { type: 'session.cleared' } } as const,
    { do: 'send', event: { type: 'session.cleared', sessionId: 'sess_b' } } as const,
    { do: 'send', event: { type: 'session.revoked', userId: 'user_a' } } as const,
    { do: 'send', event: { type: 'session.adopted', record: signedOutRecord } } as const,
    { do: 'send', event: { type: 'keys.refreshed' } } as const,
    { do: 'send', event: { type: 'user.loaded', user: createProfile() } } as const,
    { do: 'send', event: { type: 'user.failed', userId: 'user_b' } } as const,
  ),
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

async function walk(auth: ReturnType<typeof startAuth>, { do: what, ...rest }: Step): Promise<void> {
  const here = auth.clock.now() + auth.skew.ms
  const fields = rest as { userId: string; age: number; status: 'active'; code: AuthErrorCode; ms: number }
  if (what === 'token') auth.token()
  else if (what === 'accept' && auth.checks.length > 0) {
    await auth.accept(session({ at: here - fields.age, userId: fields.userId, status: fields.status }))
  } else if (what === 'refuse' && auth.checks.length > 0) await auth.refuse(fields.code)
  else if (what === 'wait') auth.wait(fields.ms)
  else if (what === 'skew') auth.skew.ms += fields.ms
  else if (what === 'adopt') {
    const record = toSignedInRecord(session({ at: here - fields.age, userId: fields.userId }))
    auth.actor.send({ type: 'session.adopted', record })
  } else if ('event' in rest) auth.actor.send(rest.event)
}

it('any recording runs again as it ran', async () => {
  console.info(`SEED=${seed}`)
  const states = new Set<string>()
  let steps = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }), async (plan) => {
      const auth = startAuth({ random: Math.random })
      const trace = recordTrace(auth.actor, { elapsed: () => auth.clock.now() })
      for (const each of plan) await walk(auth, each)
      auth.actor.stop()
      const json = JSON.parse(JSON.stringify(trace)) as AuthTraceJson
      steps += json.steps.length
      for (const { view } of json.steps) states.add(view.state)
      expect(await replayTrace(json)).toEqual(json.steps.map(({ view }) => view))
    }),
    { seed, numRuns: 400 },
  )
  console.info(`${steps} steps, states: ${[...states].toSorted().join(' ')}`)
  expect(states.size).toBe(8)
}, 60_000)
