import { BearerToken, authMachine, type VerifiedSession } from 'authchart'
import { describe, expect, it } from 'vitest'
import { createActor, fromPromise, waitFor } from 'xstate'
import { createMachineSteps } from '../../docs/demo/server/machine-steps.ts'
import type { Step } from '../../docs/demo/src/demo-api.ts'

const session = (now: number): VerifiedSession => ({
  status: 'active',
  userId: 'user_1',
  sessionId: 'sess_1',
  orgId: null,
  claims: { sub: 'user_1', sid: 'sess_1', exp: now / 1_000 + 60 },
  issuedAt: now,
  expiresAt: now + 60_000,
})

describe('the steps of the server’s machines in the demo', () => {
  it('have their state and the arrow taken, and never a token', async () => {
    const steps = createMachineSteps()
    const seen: [string, Step][] = []
    steps.subscribe((actorId, step) => seen.push([actorId, step]))
    const machine = authMachine.provide({
      actors: { verifyToken: fromPromise(async () => session(Date.now())) },
    })
    const actor = createActor(machine, { id: 'channel-1', inspect: steps.inspect }).start()
    expect(steps.current('channel-1')).toMatchObject({ event: '', value: { unchecked: 'waiting' } })

    actor.send({ type: 'token.received', token: new BearerToken('a.secret.token') })
    await waitFor(actor, (snapshot) => snapshot.matches('signedIn'))
    expect(seen.map(([id]) => id)).toEqual(seen.map(() => 'channel-1'))
    expect(seen.map(([, { event, value, arrows }]) => [event.replace(/\.0\..*/, ''), value, arrows])).toEqual([
      ['token.received', 'verifying', ['auth:any -> auth.verifying']],
      ['xstate.done.actor', { signedIn: 'current' }, ['auth.verifying -> auth.signedIn']],
    ])
    expect(steps.current('channel-1')?.value).toEqual({ signedIn: 'current' })

    actor.stop()
    expect(steps.current('channel-1')).toBeNull()
    expect(JSON.stringify(seen)).not.toMatch(/secret/)
  })
})
