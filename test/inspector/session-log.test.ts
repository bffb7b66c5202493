import { describe, expect, it } from 'vitest'
import { SimulatedClock, createActor, type InspectionEvent } from 'xstate'
import { createFrameGate, type SessionFilter } from '../../adapters/inspector/frame-gate.ts'
import { createInspector, type InspectorOptions } from '../../adapters/inspector/index.ts'
import { toInspectorFrame, type InspectorFrame } from '../../adapters/inspector/inspector-frame.ts'
import { authMachine, syncMachine, toUncheckedView, type AdoptedSession, type AuthView } from '../../machines/index.ts'

/** Makes a record of another node's decision, which is the shortest way to sign a user in. */
const recordOf = (userId: string): AdoptedSession => ({
  status: 'signedIn',
  userId,
  sessionId: `sess_${userId}`,
  orgId: null,
  user: null,
  claims: { sub: userId, sid: `sess_${userId}`, exp: 4e9 },
  issuedAt: Date.now(),
  expiresAt: Date.now() + 60_000,
})

function watch(options: InspectorOptions = {}) {
  let at = 0
  const inspector = createInspector({ now: () => (at += 1), ...options })
  const start = (id: string) =>
    createActor(authMachine, { id, clock: new SimulatedClock(), inspect: inspector.inspect }).start()
  return { inspector, start, names: () => inspector.sessions().map(({ name }) => name) }
}

describe('the log', () => {
  it('keeps the last events of a session, with consecutive numbers', () => {
    const { inspector, start } = watch({ events: 200 })
    const actor = start('busy')
    for (let sent = 0; sent < 1_000; sent += 1) actor.send({ type: 'session.cleared' })
    const [session] = inspector.sessions()
    const steps = inspector.steps(session!.key)
    expect(steps).toHaveLength(200)
    expect(session?.steps).toBe(1_001)
    expect(steps.map(({ seq }) => seq)).toEqual(Array.from({ length: 200 }, (_, index) => 802 + index))
    actor.stop()
  })

  it('keeps a limited number of sessions: ended ones go first, then the longest idle', () => {
    const { start, names } = watch({ sessions: 3 })
    const [first, second] = ['first', 'second', 'third'].map(start)
    first!.send({ type: 'session.cleared' })
    second!.stop()
    start('fourth')
    expect(names()).toEqual(['first', 'third', 'fourth'])
    start('fifth')
    expect(names()).toEqual(['first', 'fourth', 'fifth'])
  })

  it('begins again for a dropped session with its next event', () => {
    const { inspector, start } = watch({ sessions: 1 })
    const first = start('first')
    start('second')
    first.send({ type: 'session.cleared' })
    const [session] = inspector.sessions()
    expect(session).toMatchObject({ name: 'first', value: 'signedOut', steps: 1 })
  })

  it('stays limited for any number of sessions', () => {
    const { inspector, start } = watch({ sessions: 20, events: 5 })
    for (let made = 0; made < 2_000; made += 1) start(`session-${made}`).stop()
    const sessions = inspector.sessions()
    expect(sessions).toHaveLength(20)
    expect(sessions.every(({ isOver }) => isOver)).toBe(true)
    expect(sessions.flatMap(({ key }) => inspector.steps(key))).toHaveLength(40)
  })

  it('has the arrows of all microsteps of an event, in order', () => {
    const { inspector, start } = watch()
    const actor = start('one')
    actor.send({ type: 'session.adopted', record: recordOf('user_a') })
    const [session] = inspector.sessions()
    expect(inspector.steps(session!.key).at(-1)).toMatchObject({
      event: { type: 'session.adopted', fields: { record: { userId: 'user_a', status: 'signedIn' } } },
      value: { signedIn: 'current' },
      arrows: ['auth:any -> auth.signedIn'],
    })
    actor.stop()
    expect(inspector.sessions()[0]?.isOver).toBe(true)
  })
})

describe('a filter', () => {
  function filtered(filter: SessionFilter) {
    const passed: InspectorFrame[] = []
    const pass = createFrameGate(filter, (frame) => passed.push(frame))
    const inspect = (event: InspectionEvent) => {
      const frame = toInspectorFrame(event, 0)
      if (frame) pass(frame)
    }
    const start = (id: string) => createActor(authMachine, { id, clock: new SimulatedClock(), inspect }).start()
    return { passed, start, inspect, roots: () => [...new Set(passed.map(({ root }) => root))] }
  }

  it('shows one session by its channel, from its beginning to its end', () => {
    const { passed, start, roots } = filtered({ channel: 'mine' })
    const other = start('other')
    const mine = start('mine')
    other.send({ type: 'session.cleared' })
    mine.send({ type: 'session.cleared' })
    mine.stop()
    expect(roots()).toEqual([mine.sessionId])
    expect(passed[0]?.type).toBe('actor')
    expect(passed.at(-1)).toMatchObject({ type: 'snapshot', snapshot: { status: 'stopped' } })
  })

  it('shows the sessions of one user, with what led to the sign-in', () => {
    const { passed, start, roots } = filtered({ userId: 'user_a' })
    const [a, b] = [start('one'), start('two')]
    b.send({ type: 'session.adopted', record: recordOf('user_b') })
    expect(passed).toEqual([])
    a.send({ type: 'session.adopted', record: recordOf('user_a') })
    expect(roots()).toEqual([a.sessionId])
    expect(passed.map(({ type }) => type).slice(0, 3)).toEqual(['actor', 'event', 'snapshot'])
    const before = passed.length
    a.send({ type: 'session.cleared' })
    expect(passed.length).toBeGreaterThan(before)
    b.stop()
    expect(roots()).toEqual([a.sessionId])
  })

  it('shows a client from its start, of one user on request', () => {
    const signedIn = { ...toUncheckedView(0), isSignedIn: true, userId: 'user_a' }
    for (const filter of [{}, { userId: 'user_a' }]) {
      const { passed, inspect, roots } = filtered(filter)
      const make = (view: AuthView) =>
        createActor(syncMachine, { clock: new SimulatedClock(), input: { tab: 'tab1', view }, inspect }).start()
      const [dropped, used] = [make(signedIn), make(signedIn)]
      expect(passed).toEqual([])
      used.send({ type: 'client.started' })
      expect(roots()).toEqual([used.sessionId])
      expect(passed[0]).toMatchObject({ type: 'actor', machine: 'sync' })
      dropped.stop()
      expect(roots()).toEqual([used.sessionId])
    }
    const other = filtered({ userId: 'user_b' })
    createActor(syncMachine, { input: { tab: 'tab1', view: signedIn }, inspect: other.inspect })
      .start()
      .send({ type: 'client.started' })
    expect(other.passed).toEqual([])
  })

  it('with both shows only a session that matches both', () => {
    const { start, roots } = filtered({ channel: 'one', userId: 'user_a' })
    const [one, two] = [start('one'), start('two')]
    for (const actor of [one, two]) actor.send({ type: 'session.adopted', record: recordOf('user_a') })
    expect(roots()).toEqual([one.sessionId])
  })

  it('holds back a limited number of frames, and still knows the owner of each actor', () => {
    const { passed, start } = filtered({ userId: 'user_a' })
    const actor = start('one')
    for (let sent = 0; sent < 1_000; sent += 1) actor.send({ type: 'session.cleared' })
    for (let made = 0; made < 50; made += 1) start(`other-${made}`)
    actor.send({ type: 'session.adopted', record: recordOf('user_a') })
    expect(passed.length).toBeLessThanOrEqual(201)
    expect(passed[0]).toMatchObject({ type: 'actor', name: 'one', machine: 'auth' })
  })
})
