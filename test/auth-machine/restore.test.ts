import { describe, expect, it } from 'vitest'
import { createActor, SimulatedClock } from 'xstate'
import {
  authMachine,
  isAuthError,
  toAdoptedSession,
  toAuthView,
  type AuthInput,
  type AuthSnapshot,
} from '../../machines/index.ts'
import { virtualEpoch } from '../kit/auth-fixtures.ts'
import { session, startAuth } from './harness.ts'

type Auth = ReturnType<typeof startAuth>

const throughJson = (snapshot: unknown): unknown => JSON.parse(JSON.stringify(snapshot))

/** Starts a new actor `later` ms after the epoch with a stored snapshot. */
function startAgain(stored: unknown, later: number, input: AuthInput = {}) {
  const clock = new SimulatedClock()
  const actor = createActor(authMachine, { clock, input: { now: () => virtualEpoch + later + clock.now(), ...input } })
  actor.start()
  const record = toAdoptedSession(stored)
  if (record) actor.send({ type: 'session.adopted', record })
  return { actor, clock, record, view: () => toAuthView(actor.getSnapshot()) }
}

describe('a session over a restart', () => {
  it.each<[string, (snapshot: unknown) => unknown]>([
    ['through JSON', throughJson],
    ['as it is', (snapshot) => snapshot],
  ])('is signed in until the same exp, %s', async (_, store) => {
    const auth = startAuth()
    await auth.signIn(session({ orgId: 'org_1' }))
    const before = auth.view()
    const { view, clock } = startAgain(store(auth.actor.getPersistedSnapshot()), 20_000)
    const { userId, sessionId, orgId, claims, expiresAt } = before
    expect(view()).toMatchObject({ state: 'signedIn', isSignedIn: true, userId, sessionId, orgId, claims, expiresAt })
    clock.increment(39_999)
    clock.increment(60_000)
    expect(view().isSignedIn).toBe(true)
    clock.increment(1)
    expect(view()).toMatchObject({ state: 'signedOut', error: { code: 'token-expired' } })
  })

  it('is signed out if the token has expired in the meantime', async () => {
    const auth = startAuth()
    await auth.signIn()
    const { view } = startAgain(throughJson(auth.actor.getPersistedSnapshot()), 120_000)
    expect(view()).toMatchObject({ state: 'signedOut', isSignedIn: false, userId: null })
  })

  it('is signed out if the session was revoked in the meantime', async () => {
    const auth = startAuth()
    await auth.signIn()
    const stored = throughJson(auth.actor.getPersistedSnapshot())
    expect(startAgain(stored, 1_000, { tombstone: () => 'session-revoked' }).view().isSignedIn).toBe(false)
  })

  it('keeps a renewal’s user signed in, and no token', async () => {
    const auth = startAuth()
    await auth.signIn()
    auth.token()
    const stored = throughJson(auth.actor.getPersistedSnapshot())
    expect(JSON.stringify(stored)).not.toContain('secret.')
    expect(startAgain(stored, 1_000).view()).toMatchObject({ state: 'signedIn', isSignedIn: true })
  })

  it.each<[string, (auth: Auth) => unknown, string]>([
    ['a sign-out', (auth) => auth.actor.send({ type: 'session.cleared' }), 'signedOut'],
    ['nothing', () => {}, 'unchecked'],
    ['a first token in the air', (auth) => auth.token(), 'unchecked'],
    [
      'an outage',
      async (auth) => {
        auth.token()
        await auth.refuse('keys-unavailable')
      },
      'unchecked',
    ],
  ])('after %s goes on without a verdict that was never reached', async (_, play, state) => {
    const auth = startAuth()
    await play(auth)
    expect(startAgain(throughJson(auth.actor.getPersistedSnapshot()), 1_000).view().state).toBe(state)
  })

  it.each([undefined, null, 'signedIn', [], {}, { context: null }, { context: { count: 1 } }])(
    'cannot be restored from %j',
    (stored) => {
      expect(() => toAdoptedSession(stored)).toThrow(TypeError)
      expect(() => toAdoptedSession(stored)).toThrow('getPersistedSnapshot')
    },
  )

  it.each<[string, Record<string, unknown>]>([
    ['expiresAt', { expiresAt: '2026' }],
    ['userId', { userId: 7 }],
    ['claims', { claims: 'all' }],
  ])('is not signed in by a proof whose %s is unreadable', async (_, broken) => {
    const auth = startAuth()
    await auth.signIn()
    const stored = throughJson(auth.actor.getPersistedSnapshot()) as { context: object }
    expect(startAgain({ ...stored, context: { ...stored.context, ...broken } }, 0).view().isSignedIn).toBe(false)
  })
})

describe('toAuthView of a stored snapshot', () => {
  const failureOf = (snapshot: unknown) => {
    try {
      return toAuthView(snapshot as AuthSnapshot, { now: virtualEpoch })
    } catch (error) {
      return error
    }
  }

  it('throws an AuthError that says what to do, for the snapshot and for an actor made from it', async () => {
    const auth = startAuth()
    await auth.signIn()
    const stored = throughJson(auth.actor.getPersistedSnapshot())
    const restored = createActor(authMachine, { snapshot: stored as never })
    for (const snapshot of [stored, restored.getSnapshot()]) {
      const error = failureOf(snapshot)
      expect(isAuthError(error, 'internal')).toBe(true)
      expect((error as Error).message).toContain('session.adopted with toAdoptedSession(snapshot)')
    }
  })
})
