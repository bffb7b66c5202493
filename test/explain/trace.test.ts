import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createActor, fromPromise } from 'xstate'
import {
  authMachine,
  BearerToken,
  explain,
  recordTrace,
  type AuthInput,
  type AuthTraceJson,
  type VerifiedSession,
} from '../../machines/index.ts'
import { session, startAuth } from '../auth-machine/harness.ts'
import { createProfile, createProof, signedOutRecord, toSignedInRecord, virtualEpoch } from '../kit/auth-fixtures.ts'
import { replayTrace } from '../kit/index.ts'

type Auth = ReturnType<typeof startAuth>

/**
 * Records a scenario.
 *
 * @returns the trace as a file would give it, as text that was parsed again
 */
async function record(play: (auth: Auth) => void | Promise<void>, input: AuthInput = {}) {
  const auth = startAuth(input)
  const trace = recordTrace(auth.actor, { elapsed: () => auth.clock.now() })
  await play(auth)
  const text = JSON.stringify(trace)
  trace.stop()
  return { auth, text, trace: JSON.parse(text) as AuthTraceJson }
}

const recorded = (trace: AuthTraceJson) => trace.steps.map(({ view }) => view)

const scenarios: Record<string, (auth: Auth) => void | Promise<void>> = {
  'a browser that says nothing, then signs in, renews and signs out': async (auth) => {
    auth.wait(1_500)
    await auth.signIn()
    auth.wait(50_000)
    await auth.signIn(session({ at: 50_000 }))
    auth.actor.send({ type: 'user.loaded', user: createProfile() })
    auth.actor.send({ type: 'session.cleared', sessionId: 'sess_a' })
  },
  'a session at the end of its lifetime': async (auth) => {
    await auth.signIn()
    auth.actor.send({ type: 'session.revoked', sessionId: 'sess_a', code: 'session-expired' })
    auth.wait(1_000)
  },
  'a session that nobody renews': async (auth) => {
    await auth.signIn()
    auth.wait(60_000)
    auth.wait(60_000)
  },
  'keys out of reach, retries, and keys again': async (auth) => {
    auth.token()
    await auth.refuse('keys-unavailable')
    auth.wait(500)
    await auth.refuse('keys-unavailable', 3_000)
    auth.wait(1_000)
    auth.actor.send({ type: 'keys.refreshed' })
    auth.wait(500)
    await auth.accept(session())
  },
  'tokens that wait their turn, too many of them, refused and ignored': async (auth) => {
    await auth.signIn(session({ at: 10_000 }))
    for (let count = 0; count < 7; count += 1) auth.token()
    await auth.refuse('token-signature')
    await auth.accept(session({ at: 5_000 }))
    await auth.accept(session({ at: 20_000, userId: 'user_b' }))
    await auth.accept(session({ at: 30_000, userId: 'user_b', status: 'pending' }))
  },
  'a check that never ends': (auth) => {
    auth.token()
    auth.wait(1_000)
    auth.wait(4_000)
    auth.actor.send({ type: 'session.cleared' })
  },
  'records of other nodes, good and bad': async (auth) => {
    auth.actor.send({ type: 'session.adopted', record: toSignedInRecord(session()) })
    auth.token()
    auth.actor.send({ type: 'session.adopted', record: toSignedInRecord(session({ at: -3_600_000 })) })
    await auth.accept(session({ at: 1_000, orgId: 'org_1' }))
    auth.actor.send({ type: 'session.adopted', record: signedOutRecord })
    auth.actor.send({ type: 'session.revoked', userId: 'user_a' })
  },
  'a clock that is set forward, and a timer that notices late': async (auth) => {
    await auth.signIn()
    auth.wait(60_000)
    auth.skew.ms = 5_000
    auth.wait(60_000)
    auth.wait(50)
  },
  'a clock that is set back': async (auth) => {
    await auth.signIn()
    auth.skew.ms = -30_000
    auth.wait(120_000)
    auth.wait(30_000)
  },
}

describe('a recorded trace', () => {
  it.each(Object.entries(scenarios))('runs again step by step: %s', async (_, play) => {
    const { trace } = await record(play)
    expect(trace.steps.length).toBeGreaterThan(2)
    expect(await replayTrace(trace)).toEqual(recorded(trace))
  })

  it('runs again with the settings under which it was recorded', async () => {
    const { trace } = await record(
      async (auth) => {
        await auth.signIn()
        auth.token()
        await auth.refuse('token-signature')
      },
      { refusedToken: 'signOut', clockTolerance: 0 },
    )
    expect(trace.settings).toMatchObject({ refusedToken: 'signOut', clockTolerance: 0 })
    expect(await replayTrace(trace)).toEqual(recorded(trace))
    expect(recorded(trace).at(-1)).toMatchObject({ state: 'signedOut', error: 'token-signature' })
  })

  it('remembers the results of the tombstone look-ups', async () => {
    const ended = new Set<string>()
    const { trace } = await record(
      async (auth) => {
        await auth.signIn()
        ended.add('sess_a')
        await auth.signIn(session({ at: 5_000 }))
        auth.actor.send({ type: 'session.adopted', record: toSignedInRecord(session({ at: 6_000 })) })
      },
      { tombstone: ({ sessionId }) => (ended.has(sessionId) ? 'session-revoked' : null) },
    )
    expect(trace.steps.map((step) => step?.tombstone)).toEqual([
      undefined,
      undefined,
      undefined,
      'session-revoked',
      'session-revoked',
    ])
    expect(await replayTrace(trace)).toEqual(recorded(trace))
  })

  it('runs two timers of the same moment in the order in which they fired', async () => {
    const { trace } = await record(
      async (auth) => {
        await auth.signIn()
        auth.wait(60_000)
      },
      { clockTolerance: 0 },
    )
    expect(trace.steps.filter(({ event }) => event.type === 'timer').length).toBeGreaterThan(0)
    expect(await replayTrace(trace)).toEqual(recorded(trace))
  })

  it('does not match on a machine that has changed', async () => {
    const { trace } = await record(scenarios['a session that nobody renews']!)
    const lenient = authMachine.provide({ delays: { expiry: 3_600_000 } })
    const gullible = authMachine.provide({ guards: { isProof: () => false, isPending: () => false } })
    const impatient = authMachine.provide({ delays: { verifyTimeout: 10 } })
    const slow = await record(async (auth) => {
      auth.token()
      auth.wait(3_000)
      await auth.accept(session())
    })
    for (const machine of [lenient, gullible]) {
      expect(await replayTrace(trace, machine)).not.toEqual(recorded(trace))
    }
    expect(await replayTrace(slow.trace)).toEqual(recorded(slow.trace))
    expect(await replayTrace(slow.trace, impatient)).not.toEqual(recorded(slow.trace))
  })

  it('contains no token, claim or profile', async () => {
    const { text, trace } = await record(async (auth) => {
      auth.token('hidden')
      const verified = session()
      await auth.accept({
        ...verified,
        claims: { ...verified.claims, email: 'ada@example.test', azp: 'https://a.test' },
      })
      auth.actor.send({ type: 'user.loaded', user: createProfile() })
      auth.token('again')
      await auth.fail(new Error('secret.again could not be read'))
    })
    for (const secret of ['secret.', 'hidden', 'ada@example.test', 'Ada', 'azp', 'could not be read']) {
      expect(text).not.toContain(secret)
    }
    expect(trace.steps.map(({ event }) => event.type)).toEqual([
      'token.received',
      'token.verified',
      'user.loaded',
      'token.received',
      'token.failed',
    ])
    expect(await replayTrace(trace)).toEqual(recorded(trace))
  })

  it('that began after the first event can be read, and says that it cannot be run', async () => {
    const auth = startAuth()
    await auth.signIn()
    const trace = recordTrace(auth.actor)
    auth.actor.send({ type: 'session.cleared' })
    expect(trace.toJSON()).toMatchObject({ isWhole: false, steps: [{ event: { type: 'session.cleared' } }] })
    await expect(replayTrace(trace.toJSON())).rejects.toThrow('must begin before anything has happened')
    await expect(replayTrace({} as AuthTraceJson)).rejects.toThrow(TypeError)
  })

  it('ends at its limit, and says so', async () => {
    const auth = startAuth()
    const trace = recordTrace(auth.actor, { limit: 2, elapsed: () => auth.clock.now() })
    for (let count = 0; count < 3; count += 1) auth.actor.send({ type: 'session.cleared' })
    expect(trace.toJSON()).toMatchObject({ isComplete: false, steps: { length: 2 } })
    expect(await replayTrace(trace.toJSON())).toEqual(recorded(trace.toJSON()))
  })

  it('needs no options with real timers and a real clock, even if the event loop was blocked for a while', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: virtualEpoch })
    onTestFinished(() => void vi.useRealTimers())
    const verifyToken = fromPromise<VerifiedSession, { token: BearerToken }>(async () =>
      createProof({ issuedAt: Date.now() }),
    )
    const actor = createActor(authMachine.provide({ actors: { verifyToken } }))
    const trace = recordTrace(actor)
    actor.start()
    for (const pause of [0, 1_200, 61_000, 100, 130_000]) {
      await vi.advanceTimersByTimeAsync(pause)
      actor.send({ type: 'token.received', token: new BearerToken('a.b.c') })
      await vi.advanceTimersByTimeAsync(0)
    }
    vi.setSystemTime(Date.now() + 600_000)
    await vi.advanceTimersByTimeAsync(200_000)
    actor.stop()
    const json = JSON.parse(JSON.stringify(trace)) as AuthTraceJson
    expect(new Set(json.steps.map(({ event }) => event.type))).toEqual(
      new Set(['token.received', 'token.verified', 'timer']),
    )
    expect(json.steps.at(-1)?.view).toMatchObject({ state: 'signedOut', error: 'token-expired' })
    vi.useRealTimers()
    expect(await replayTrace(json)).toEqual(recorded(json))
  })

  it('may begin before the actor starts, and ends with it', () => {
    const actor = createActor(authMachine)
    const trace = recordTrace(actor)
    actor.start()
    actor.send({ type: 'session.cleared' })
    actor.stop()
    expect(trace.toJSON().steps).toHaveLength(1)
    expect(explain(actor).transitions).toMatchObject([{ from: 'unchecked.waiting', to: 'signedOut' }])
  })
})
