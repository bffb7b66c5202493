import { inspect } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { createActor } from 'xstate'
import { authMachine, BearerToken, onAuthChange, toAuthView } from '../../machines/index.ts'
import { createProfile, signedOutRecord, toSignedInRecord, virtualEpoch } from '../kit/auth-fixtures.ts'
import { session, startAuth } from './harness.ts'

describe('rule 1: never signed in without a currently valid token', () => {
  it('is stale at exp, asks for a fresh token, and is signed out at exp + tolerance', async () => {
    const auth = startAuth()
    await auth.signIn()
    auth.wait(59_999)
    expect(auth.value()).toEqual({ signedIn: 'current' })
    auth.wait(1)
    expect(auth.value()).toEqual({ signedIn: 'stale' })
    expect(auth.count('token.needed')).toBe(1)
    auth.wait(59_999)
    expect(auth.view().isSignedIn).toBe(true)
    auth.wait(1)
    expect(auth.value()).toBe('signedOut')
    expect(auth.view()).toMatchObject({ isSignedIn: false, authChecked: true, userId: null, claims: null })
    expect(auth.view().error?.code).toBe('token-expired')
  })

  it('says so at every read, even if no timer fired', async () => {
    const auth = startAuth()
    await auth.signIn()
    auth.skew.ms = 120_000
    expect(auth.value()).toEqual({ signedIn: 'current' })
    expect(auth.view()).toMatchObject({ state: 'signedOut', isSignedIn: false, authChecked: true, userId: null })
    auth.skew.ms = 119_999
    expect(auth.view()).toMatchObject({ state: 'signedIn', isSignedIn: true })
  })

  it('reads as verifying, never as signed in, if the proof expired during a renewal', async () => {
    const auth = startAuth()
    await auth.signIn()
    auth.token()
    auth.skew.ms = 120_000
    expect(auth.view()).toMatchObject({ state: 'verifying', isSignedIn: false, authChecked: false, userId: null })
  })

  it('processes waiting input first when a timer fires late', async () => {
    const auth = startAuth()
    await auth.signIn()
    auth.wait(60_000)
    auth.skew.ms = 5_000 // the loop was blocked: the wall clock is 5 s ahead of the timers
    auth.wait(60_000)
    expect(auth.value()).toEqual({ signedIn: 'stale' })
    expect(auth.view().isSignedIn).toBe(false)
    auth.token()
    expect(auth.value()).toBe('verifying')
    auth.wait(50)
    expect(auth.value()).toBe('verifying')
    await auth.accept(session({ at: 120_000 }))
    expect(auth.view().isSignedIn).toBe(true)
    expect(auth.view().error).toBeNull()
  })

  it('expires shortly after a late timer if nothing waited', async () => {
    const auth = startAuth()
    await auth.signIn()
    auth.wait(60_000)
    auth.skew.ms = 600_000
    auth.wait(60_000)
    auth.wait(50)
    expect(auth.value()).toBe('signedOut')
  })

  it('refuses a token that expired during its check', async () => {
    const auth = startAuth()
    const id = auth.token()
    await auth.accept(session({ at: -120_000 }))
    expect(auth.value()).toBe('signedOut')
    expect(auth.outcome(id)).toEqual(['token-expired'])
  })

  it('restores an adopted session and lets it expire on time', () => {
    const auth = startAuth()
    auth.actor.send({ type: 'session.adopted', record: toSignedInRecord(session({ at: -30_000 })) })
    expect(auth.value()).toEqual({ signedIn: 'current' })
    auth.wait(30_000)
    expect(auth.value()).toEqual({ signedIn: 'stale' })
    auth.wait(60_000)
    expect(auth.value()).toBe('signedOut')
  })

  it('does not sign in with an adopted record that has expired', () => {
    const auth = startAuth()
    auth.actor.send({ type: 'session.adopted', record: toSignedInRecord(session({ at: -120_000 })) })
    expect(auth.value()).toBe('signedOut')
  })

  it('keeps a session whose token lives longer than a timer can count', async () => {
    const auth = startAuth()
    const year = 365 * 24 * 3_600_000
    await auth.signIn(session({ expiresAt: virtualEpoch + year }))
    auth.wait(2 ** 31 - 1)
    expect(auth.value()).toEqual({ signedIn: 'current' })
    auth.wait(year - (2 ** 31 - 1))
    expect(auth.value()).toEqual({ signedIn: 'stale' })
    auth.wait(60_000)
    expect(auth.value()).toBe('signedOut')
  })

  it('follows a clock that was set back', async () => {
    const auth = startAuth()
    await auth.signIn()
    auth.skew.ms = -30_000
    auth.wait(120_000)
    expect(auth.value()).toEqual({ signedIn: 'stale' })
    auth.wait(30_000)
    expect(auth.value()).toBe('signedOut')
  })
})

describe('rule 2: the newest decision wins', () => {
  it('answers every token in the order of arrival', async () => {
    const auth = startAuth()
    const ids = [auth.token(), auth.token(), auth.token()]
    await auth.accept(session({ userId: 'user_a' }))
    expect(auth.value()).toEqual({ signedIn: 'renewing' })
    await auth.refuse('token-signature')
    await auth.accept(session({ userId: 'user_b' }))
    expect(ids.map(auth.outcome)).toEqual([['accepted'], ['token-signature'], ['accepted']])
    expect(auth.view()).toMatchObject({ userId: 'user_b', error: null })
    expect(auth.value()).toEqual({ signedIn: 'current' })
  })

  it('lets four tokens wait and refuses the next without any other effect', async () => {
    const auth = startAuth()
    for (let waiting = 0; waiting <= 4; waiting++) auth.token()
    const sixth = auth.token()
    expect(auth.outcome(sixth)).toEqual(['too-many-requests'])
    expect(auth.view().error).toBeNull()
    await auth.accept(session())
    const next = auth.token()
    expect(auth.outcome(next)).toEqual([])
    expect(auth.outcome(auth.token())).toEqual(['too-many-requests'])
  })

  it('keeps a newer token of a Clerk session against an older one', async () => {
    const auth = startAuth()
    await auth.signIn(session({ at: 10_000, orgId: 'org_new' }))
    const old = await auth.signIn(session({ at: 9_000, orgId: 'org_old' }))
    expect(auth.outcome(old)).toEqual(['ignored'])
    expect(auth.view()).toMatchObject({ orgId: 'org_new', error: null })
  })

  it('takes an organization switch within one second: an equal iat is not older', async () => {
    const auth = startAuth()
    await auth.signIn(session({ orgId: 'org_1' }))
    await auth.signIn(session({ orgId: 'org_2' }))
    expect(auth.view().orgId).toBe('org_2')
  })

  it('changes nothing when an identical token comes again', async () => {
    const auth = startAuth()
    await auth.signIn()
    const before = auth.view()
    await auth.signIn()
    expect(auth.view()).toEqual(before)
  })

  it('switches user, organization and claims in one step', async () => {
    const auth = startAuth()
    await auth.signIn(session({ userId: 'user_a', orgId: 'org_a' }))
    const seen: string[] = []
    auth.actor.subscribe((snapshot) => {
      const { userId, orgId, claims } = toAuthView(snapshot)
      seen.push(`${userId} ${orgId} ${claims?.sub}`)
    })
    await auth.signIn(session({ userId: 'user_b', orgId: 'org_b' }))
    expect(new Set(seen)).toEqual(new Set(['user_a org_a user_a', 'user_b org_b user_b']))
  })

  it('adopts a record while a token is verified, and the check goes on', async () => {
    const auth = startAuth()
    const id = auth.token()
    auth.actor.send({ type: 'session.adopted', record: toSignedInRecord(session({ userId: 'user_b' })) })
    expect(auth.value()).toEqual({ signedIn: 'renewing' })
    expect(auth.view().userId).toBe('user_b')
    await auth.accept(session({ userId: 'user_a' }))
    expect(auth.outcome(id)).toEqual(['accepted'])
    expect(auth.view().userId).toBe('user_a')
  })

  it('keeps checking when a signed-out record arrives, from verifying and from renewing', async () => {
    const auth = startAuth()
    auth.token()
    auth.actor.send({ type: 'session.adopted', record: signedOutRecord })
    expect(auth.value()).toBe('verifying')
    await auth.accept(session())
    auth.token()
    auth.actor.send({ type: 'session.adopted', record: signedOutRecord })
    expect(auth.value()).toBe('verifying')
    expect(auth.view().userId).toBeNull()
    await auth.accept(session())
    expect(auth.view().isSignedIn).toBe(true)
  })
})

describe('rule 3: signed out stays signed out', () => {
  it('a clear while verifying wins, and emits the token so that its session can get a tombstone', async () => {
    const auth = startAuth()
    const id = auth.token()
    auth.actor.send({ type: 'session.cleared' })
    expect(auth.value()).toBe('signedOut')
    expect(auth.view().error).toBeNull()
    expect(auth.checks).toHaveLength(0)
    const discarded = auth.emitted.find((event) => event.type === 'token.discarded')
    expect(discarded).toMatchObject({ id, token: { reveal: expect.any(Function) } })
    expect(auth.outcome(id)).toEqual([])
  })

  it('looks the tombstones up again at the verdict', async () => {
    const ended = new Set<string>()
    const auth = startAuth({ tombstone: ({ sessionId }) => (ended.has(sessionId) ? 'session-revoked' : null) })
    const id = auth.token()
    ended.add('sess_a')
    await auth.accept(session())
    expect(auth.value()).toBe('signedOut')
    expect(auth.outcome(id)).toEqual(['session-revoked'])
  })

  it('does not adopt a session with a tombstone', () => {
    const auth = startAuth({ tombstone: () => 'token-superseded' })
    auth.actor.send({ type: 'session.adopted', record: toSignedInRecord(session()) })
    expect(auth.value()).toBe('signedOut')
  })

  it.each(['session.cleared', 'session.revoked'] as const)('%s is accepted in every state', async (type) => {
    const states: Record<string, (auth: ReturnType<typeof startAuth>) => unknown> = {
      unchecked: () => {},
      verifying: (auth) => auth.token(),
      signedIn: (auth) => auth.signIn(),
      error: (auth) => (auth.token(), auth.refuse('keys-unavailable')),
      signedOut: (auth) => (auth.token(), auth.refuse('token-signature')),
    }
    for (const [name, enter] of Object.entries(states)) {
      const auth = startAuth()
      await enter(auth)
      expect(auth.view().state).toBe(name)
      auth.actor.send({ type })
      expect(auth.view()).toMatchObject({ state: 'signedOut', authChecked: true })
      expect(auth.view().error?.code).toBe(type === 'session.revoked' ? 'session-revoked' : undefined)
    }
  })

  it('ignores a clear or a revocation that names another session or user', async () => {
    const auth = startAuth()
    await auth.signIn()
    auth.actor.send({ type: 'session.cleared', sessionId: 'sess_other' })
    auth.actor.send({ type: 'session.revoked', userId: 'user_other' })
    expect(auth.view().isSignedIn).toBe(true)
    auth.actor.send({ type: 'session.cleared', sessionId: 'sess_a' })
    expect(auth.value()).toBe('signedOut')
  })

  it('a pending Clerk session is a verdict: nobody is signed in', async () => {
    const auth = startAuth()
    const id = await auth.signIn(session({ status: 'pending' }))
    expect(auth.outcome(id)).toEqual(['session-pending'])
    expect(auth.value()).toBe('signedOut')
    await auth.signIn()
    await auth.signIn(session({ status: 'pending', at: 1_000 }))
    expect(auth.view()).toMatchObject({ state: 'signedOut', error: { code: 'session-pending' } })
  })
})

describe('rule 4: a refused token ends nothing that a valid token proves', () => {
  it('junk after a valid token, during the check of that token', async () => {
    const auth = startAuth()
    const [good, junk] = [auth.token(), auth.token()]
    await auth.accept(session())
    await auth.refuse('token-malformed')
    expect([auth.outcome(good), auth.outcome(junk)]).toEqual([['accepted'], ['token-malformed']])
    expect(auth.view()).toMatchObject({ state: 'signedIn', error: { code: 'token-malformed' } })
    await auth.signIn(session({ at: 1_000 }))
    expect(auth.view().error).toBeNull()
  })

  it('junk 10 ms before expiry, during a renewal', async () => {
    const auth = startAuth()
    await auth.signIn()
    auth.wait(119_990)
    const [renewal, junk] = [auth.token(), auth.token()]
    auth.wait(10)
    expect(auth.value()).toBe('verifying')
    await auth.accept(session({ at: 119_000 }))
    expect(auth.view().isSignedIn).toBe(true)
    await auth.refuse('token-malformed')
    expect([auth.outcome(renewal), auth.outcome(junk)]).toEqual([['accepted'], ['token-malformed']])
    expect(auth.view().isSignedIn).toBe(true)
  })

  it("signs out on a refused token with refusedToken: 'signOut'", async () => {
    const auth = startAuth({ refusedToken: 'signOut' })
    await auth.signIn()
    auth.token()
    await auth.refuse('token-signature')
    expect(auth.view()).toMatchObject({ state: 'signedOut', error: { code: 'token-signature' } })
  })

  it('returns to stale, not to current, when the renewal of a stale session is refused', async () => {
    const auth = startAuth()
    await auth.signIn()
    auth.wait(70_000)
    auth.token()
    await auth.refuse('token-signature')
    expect(auth.value()).toEqual({ signedIn: 'stale' })
  })
})

describe('rule 5: an outage is not a sign-out', () => {
  it('does not affect a signed-in session', async () => {
    const auth = startAuth()
    await auth.signIn()
    const id = auth.token()
    await auth.refuse('keys-unavailable')
    expect(auth.value()).toEqual({ signedIn: 'current' })
    expect(auth.outcome(id)).toEqual(['keys-unavailable'])
    expect(auth.view().error?.code).toBe('keys-unavailable')
  })

  it('gives a hanging check up after verifyTimeout, and goes to error or keeps the proof', async () => {
    const auth = startAuth()
    const id = auth.token()
    auth.wait(5_000)
    expect(auth.value()).toBe('error')
    expect(auth.outcome(id)).toEqual(['verify-timeout'])

    const signedIn = startAuth()
    await signedIn.signIn()
    signedIn.token()
    signedIn.wait(5_000)
    expect(signedIn.value()).toEqual({ signedIn: 'current' })
  })

  it('retries after 1 to 30 s with jitter, longer each time', async () => {
    const auth = startAuth({ random: () => 0.999_999 })
    auth.token()
    const waits: number[] = []
    for (let attempt = 0; attempt < 7; attempt++) {
      await auth.refuse('keys-unavailable')
      expect(auth.value()).toBe('error')
      const from = auth.now()
      while (auth.value() === 'error') auth.wait(100)
      waits.push(auth.now() - from)
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  })

  it('waits at least the time that the error names', async () => {
    const auth = startAuth()
    auth.token()
    await auth.refuse('keys-unavailable', 10_000)
    auth.wait(9_999)
    expect(auth.value()).toBe('error')
    auth.wait(1)
    expect(auth.value()).toBe('verifying')
  })

  it('retries within a second after the keys are back', async () => {
    const auth = startAuth()
    auth.token()
    await auth.refuse('keys-unavailable', 30_000)
    auth.actor.send({ type: 'keys.refreshed' })
    auth.wait(500)
    expect(auth.value()).toBe('verifying')
    await auth.accept(session())
    expect(auth.view().isSignedIn).toBe(true)
  })

  it('a 130 s outage of the keys signs nobody out: the expired token is dropped and a fresh one requested', async () => {
    const auth = startAuth()
    auth.token()
    while (auth.now() < virtualEpoch + 130_000) {
      if (auth.checks.length > 0) await auth.refuse('keys-unavailable')
      auth.wait(500)
      expect(['error', 'verifying']).toContain(auth.value())
    }
    while (auth.checks.length === 0) auth.wait(500)
    await auth.refuse('token-expired')
    expect(auth.value()).toBe('error')
    expect(auth.count('token.needed')).toBe(1)
    auth.wait(60_000)
    expect(auth.value()).toBe('error')
    await auth.signIn(session({ at: 190_000 }))
    expect(auth.view().isSignedIn).toBe(true)
  })

  it('junk during an outage does not replace the held token', async () => {
    const auth = startAuth()
    auth.token()
    await auth.refuse('keys-unavailable')
    const junk = auth.token()
    await auth.refuse('token-malformed')
    expect(auth.outcome(junk)).toEqual(['token-malformed'])
    expect(auth.view()).toMatchObject({ state: 'error', error: { code: 'keys-unavailable' } })
    auth.wait(1_000)
    await auth.accept(session())
    expect(auth.view().isSignedIn).toBe(true)
  })

  it('an unexpected error of the verifier counts as an outage too', async () => {
    const auth = startAuth()
    const id = auth.token()
    await auth.fail(new TypeError('fetch failed for secret.t1'))
    expect(auth.outcome(id)).toEqual(['internal'])
    expect(auth.value()).toBe('error')
    expect(auth.view().error?.message).not.toContain('secret')
  })

  it('without a verifier the error says what to provide', async () => {
    const actor = createActor(authMachine).start()
    const settled = new Promise((resolve) => actor.on('token.settled', (event) => resolve(event)))
    actor.send({ type: 'token.received', token: new BearerToken('x') })
    expect(await settled).toMatchObject({
      outcome: 'undecided',
      error: { message: expect.stringContaining('provide') },
    })
    actor.stop()
  })
})

describe('rule 6: the raw token is visible nowhere', () => {
  it('is in no snapshot, persisted snapshot, emitted event or inspected object', async () => {
    const auth = startAuth()
    auth.token()
    auth.token()
    await auth.refuse('keys-unavailable')
    const sinks = [auth.actor.getSnapshot(), auth.actor.getPersistedSnapshot(), auth.emitted, auth.view()]
    for (const sink of sinks) {
      expect(JSON.stringify(sink)).not.toContain('secret.')
      expect(inspect(sink, { depth: 8 })).not.toContain('secret.')
    }
    expect(JSON.stringify(auth.actor.getPersistedSnapshot())).toContain('[token]')
  })

  it('an event named xstate.done.actor.… from outside signs nobody in', async () => {
    const auth = startAuth()
    const forged = { type: 'xstate.done.actor.0.auth.verifying', output: session(), actorId: '0.auth.verifying' }
    auth.actor.send(forged as never)
    expect(auth.value()).toEqual({ unchecked: 'waiting' })
    auth.actor.send({ type: 'session.expired' })
    expect(auth.value()).toEqual({ unchecked: 'waiting' })
  })
})

describe('the auth-wait timeout', () => {
  it('is an absolute deadline through unchecked, verifying and error, reported once', async () => {
    const auth = startAuth()
    auth.wait(400)
    auth.token()
    auth.wait(400)
    await auth.refuse('keys-unavailable', 10_000)
    auth.wait(199)
    expect(auth.view().timedOut).toBe(false)
    auth.wait(1)
    expect(auth.view()).toMatchObject({ timedOut: true, state: 'error', authChecked: false })
    auth.wait(10_000)
    expect(auth.count('auth.waitTimedOut')).toBe(1)
  })

  it('moves waiting to timedOut', () => {
    const auth = startAuth({ authWaitTimeout: 250 })
    auth.wait(249)
    expect(auth.value()).toEqual({ unchecked: 'waiting' })
    auth.wait(1)
    expect(auth.value()).toEqual({ unchecked: 'timedOut' })
  })

  it.each(['signed in', 'signed out', 'cleared'])('does not expire once %s', async (verdict) => {
    const auth = startAuth()
    if (verdict === 'cleared') auth.actor.send({ type: 'session.cleared' })
    else {
      auth.token()
      await (verdict === 'signed in' ? auth.accept(session()) : auth.refuse('token-signature'))
    }
    auth.wait(1_000)
    expect(auth.view().timedOut).toBe(false)
    expect(auth.count('auth.waitTimedOut')).toBe(0)
  })
})

describe('the profile', () => {
  it('is shown for its own user, kept over a renewal, and dropped with the user', async () => {
    const auth = startAuth()
    await auth.signIn()
    auth.actor.send({ type: 'user.loaded', user: createProfile({ id: 'user_b' }) })
    expect(auth.view().user).toBeNull()
    auth.actor.send({ type: 'user.loaded', user: createProfile() })
    await auth.signIn(session({ at: 1_000 }))
    expect(auth.view().user?.firstName).toBe('Ada')
    await auth.signIn(session({ userId: 'user_b', at: 2_000 }))
    expect(auth.view().user).toBeNull()
  })

  it('may fail to load without an auth failure', async () => {
    const auth = startAuth()
    await auth.signIn()
    auth.actor.send({ type: 'user.failed', userId: 'user_a' })
    expect(auth.view()).toMatchObject({ isSignedIn: true, error: { code: 'user-load-failed' } })
  })
})

describe('rule 7: listeners hear only of a change of identity', () => {
  it('get the current view first, then sign-in, another user and sign-out, but no renewal and no organization', async () => {
    const auth = startAuth()
    const heard: (string | null)[] = []
    const stop = onAuthChange(auth.actor, ({ view }) => heard.push(view.userId))
    await auth.signIn()
    await auth.signIn(session({ at: 1_000, orgId: 'org_1' }))
    await auth.signIn(session({ userId: 'user_b' }))
    auth.actor.send({ type: 'session.cleared' })
    stop()
    await auth.signIn()
    expect(heard).toEqual([null, 'user_a', 'user_b', null])
  })

  it('get another organization, or another role in it, if they ask for it', async () => {
    const auth = startAuth()
    const heard: (string | null)[] = []
    onAuthChange(auth.actor, ({ view }) => heard.push(view.orgRole), { organization: true })
    const toRole = (rol: string) => ({ ...session().claims, o: { id: 'org_1', rol } })
    await auth.signIn()
    await auth.signIn(session({ at: 1_000, orgId: 'org_1', claims: toRole('admin') }))
    await auth.signIn(session({ at: 2_000, orgId: 'org_1', claims: toRole('admin') }))
    await auth.signIn(session({ at: 3_000, orgId: 'org_1', claims: toRole('member') }))
    expect(heard).toEqual([null, null, 'org:admin', 'org:member'])
  })

  it('are not affected by a listener that throws, and end with their signal', async () => {
    const auth = startAuth()
    const aborter = new AbortController()
    const report = vi.spyOn(console, 'error').mockImplementation(() => {})
    const heard: unknown[] = []
    onAuthChange(auth.actor, () => {
      throw new Error('a listener failed')
    })
    onAuthChange(auth.actor, (change) => heard.push(change), { signal: aborter.signal })
    await auth.signIn()
    aborter.abort()
    auth.actor.send({ type: 'session.cleared' })
    expect(heard).toHaveLength(2)
    expect(report).toHaveBeenCalledTimes(3)
    expect(onAuthChange(auth.actor, () => heard.push('late'), { signal: aborter.signal })).toBeTypeOf('function')
    expect(heard).toHaveLength(2)
    report.mockRestore()
  })
})
