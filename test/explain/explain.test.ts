import { describe, expect, it } from 'vitest'
import { assign, createActor, setup, SimulatedClock, type ActorRefFrom } from 'xstate'
import { authMachine, BearerToken, explain, recordTrace } from '../../machines/index.ts'
import { session, startAuth } from '../auth-machine/harness.ts'
import { toSignedInRecord, virtualEpoch } from '../kit/auth-fixtures.ts'

/** Starts an actor that is watched from its beginning. */
function startWatched(...options: Parameters<typeof startAuth>) {
  const auth = startAuth(...options)
  explain(auth.actor)
  return auth
}

describe('explain(actor)', () => {
  it('gives the reason for the sign-out of a user whose token was not renewed', async () => {
    const auth = startWatched()
    await auth.signIn()
    auth.wait(60_000)
    auth.wait(60_000)
    const { summary, transitions, text } = explain(auth.actor)
    expect(summary).toBe('Signed out. The token has expired. (token-expired, 2026-01-01 00:02:00.000Z)')
    expect(transitions.map(({ code }) => code)).toEqual([
      'check-started',
      'token-accepted',
      'token-stale',
      'token-expired',
    ])
    expect(text).toMatchInlineSnapshot(`
      "Signed out. The token has expired. (token-expired, 2026-01-01 00:02:00.000Z)
      2026-01-01 00:00:00.000Z  unchecked.waiting → verifying  check-started: A token was received and is being checked.
      2026-01-01 00:00:00.000Z  verifying → signedIn.current  token-accepted: The token was accepted.
      2026-01-01 00:01:00.000Z  signedIn.current → signedIn.stale  token-stale: The token reached its exp. The session waits for a fresh one within the clock tolerance.
      2026-01-01 00:02:00.000Z  signedIn.stale → signedOut  token-expired: The token has expired.
      Keys: age unknown.
      Clock: the fastest token from Clerk arrived 0 ms after it was issued."
    `)
  })

  it.each<[string, (auth: ReturnType<typeof startAuth>) => void | Promise<unknown>, string, string]>([
    ['a sign-out', (auth) => auth.actor.send({ type: 'session.cleared' }), 'session-cleared', 'Signed out'],
    ['a revocation', (auth) => auth.actor.send({ type: 'session.revoked' }), 'session-revoked', 'Signed out'],
    [
      'the end of a lifetime',
      (auth) => auth.actor.send({ type: 'session.revoked', code: 'session-expired' }),
      'session-expired',
      'Signed out',
    ],
    ['silence', (auth) => auth.wait(1_000), 'wait-timed-out', 'No verdict yet'],
    [
      'a record of another node',
      (auth) => auth.actor.send({ type: 'session.adopted', record: toSignedInRecord(session()) }),
      'session-adopted',
      'Signed in',
    ],
    [
      'a refused token',
      async (auth) => {
        auth.token()
        await auth.refuse('token-signature')
      },
      'token-signature',
      'Signed out',
    ],
    [
      'keys out of reach',
      async (auth) => {
        auth.token()
        await auth.refuse('keys-unavailable')
      },
      'keys-unavailable',
      'Undecided: no user is trusted, and no user is signed out; the check is tried again',
    ],
    [
      'a refused token beside a good one',
      async (auth) => {
        await auth.signIn()
        auth.token()
        await auth.refuse('token-claims')
      },
      'token-claims',
      'Signed in, by a token good for another 60 s. The last error did not end the session: A claim',
    ],
    [
      'another user',
      async (auth) => {
        await auth.signIn()
        await auth.signIn(session({ userId: 'user_b' }))
      },
      'session-switched',
      'Signed in',
    ],
  ])('knows the reason after %s', async (_, play, code, statement) => {
    const auth = startWatched()
    await play(auth)
    const { summary, transitions } = explain(auth.actor)
    expect(transitions.at(-1)).toMatchObject({ code })
    expect(summary).toContain(statement)
    expect(summary).toContain(code)
  })

  it('knows of an expiry before its timer fires', async () => {
    const auth = startWatched()
    await auth.signIn()
    auth.skew.ms = 120_000
    expect(explain(auth.actor).transitions.at(-1)).toMatchObject({ code: 'token-expired', to: 'signedOut' })
  })

  it('is complete from recordTrace on, and says so if it is not', async () => {
    const late = startAuth()
    await late.signIn()
    expect(explain(late.actor)).toMatchObject({ transitions: [] })
    expect(explain(late.actor).summary).toContain('Events before 2026-01-01 00:00:00.000Z are not known.')
    late.actor.send({ type: 'session.cleared' })
    expect(explain(late.actor).transitions).toMatchObject([{ from: 'signedIn.current', code: 'session-cleared' }])

    const whole = startAuth()
    recordTrace(whole.actor)
    await whole.signIn()
    expect(explain(whole.actor).summary).not.toContain('are not known')
    expect(explain(whole.actor).transitions).toHaveLength(2)
  })

  it('reports clocks that differ, from the tokens, and old keys, if their age is given', async () => {
    const behind = startWatched()
    await behind.signIn(session({ at: 40_000 }))
    expect(explain(behind.actor).clockOffset).toBe(-40_000)
    expect(explain(behind.actor).summary).toContain("The server's clock is 40 s behind Clerk's")

    const ahead = startWatched()
    await ahead.signIn(session({ at: -50_000 }))
    expect(explain(ahead.actor).summary).toContain('Tokens arrive 50 s after Clerk issued them')
    await ahead.signIn(session({ at: -1_000 }))
    expect(explain(ahead.actor)).toMatchObject({ clockOffset: 1_000 })
    expect(explain(ahead.actor).summary).not.toContain('clock')

    const facts = { keysAge: 3 * 3_600_000, clockOffset: null }
    expect(explain(ahead.actor, facts).summary).toContain('The signing keys are 3 h old')
    expect(explain(ahead.actor, facts).text).toContain('Keys: fetched 3 h ago.')
    expect(explain(ahead.actor, { clockSkew: 300_000 }).summary).toContain(
      "The server's clock is 5 min ahead of Clerk's, so tokens expire early or are already expired when they arrive. Set the clock by NTP.",
    )
    expect(explain(behind.actor, { clockSkew: -40_000 })).toMatchObject({
      clockSkew: -40_000,
      summary: expect.stringContaining("The server's clock is 40 s behind Clerk's") as string,
    })
  })

  it('names nobody, and contains no token', async () => {
    const auth = startWatched()
    await auth.signIn(session({ orgId: 'org_1' }))
    auth.token('hidden')
    await auth.fail(new Error('secret.hidden'))
    const text = JSON.stringify(explain(auth.actor))
    for (const hidden of ['user_a', 'sess_a', 'org_1', 'secret', 'hidden']) expect(text).not.toContain(hidden)
  })

  it('works for the machine inside another', () => {
    const app = setup({
      types: { context: {} as { auth: ActorRefFrom<typeof authMachine> | null } },
      actors: { auth: authMachine },
    }).createMachine({
      context: { auth: null },
      entry: assign({ auth: ({ spawn }) => spawn('auth', { input: { now: () => virtualEpoch } }) }),
    })
    const actor = createActor(app, { clock: new SimulatedClock() }).start()
    const { auth } = actor.getSnapshot().context
    explain(auth!)
    auth!.send({ type: 'token.received', token: new BearerToken('a.b.c') })
    auth!.send({ type: 'session.cleared' })
    expect(explain(auth!).transitions.map(({ code }) => code)).toEqual(['check-started', 'session-cleared'])
  })
})
