import { describe, expect, it } from 'vitest'
import { createActor, fromPromise, SimulatedClock, type AnyStateNode, type AnyTransitionDefinition } from 'xstate'
import {
  jwksMachine,
  toCooldownLeft,
  toUsableKeys,
  type JwksEmitted,
  type JwksInput,
} from '../../machines/jwks.machine.ts'

interface Attempt {
  readonly at: number
  readonly signal: AbortSignal
  succeed(keys: unknown): Promise<void>
  fail(): Promise<void>
}

const nameOf = ({ source, eventType, target }: AnyTransitionDefinition) =>
  `${source.id} --${eventType.replaceAll(/xstate\.(\w+(?:\.actor)?)\..*/g, '$1') || 'always'}--> ${target?.[0]?.id ?? '(stays)'}`

const visitedStates = new Set<string>()
const takenTransitions = new Set<string>()

/** Starts the machine alone, on a simulated clock. The test answers its attempts. */
function start(input: Partial<JwksInput> = {}) {
  const clock = new SimulatedClock()
  const attempts: Attempt[] = []
  const emitted: JwksEmitted['type'][] = []
  const actor = createActor(
    jwksMachine.provide({
      actors: {
        fetchKeys: fromPromise(
          ({ signal }) =>
            new Promise<unknown>((resolve, reject) => {
              attempts.push({
                at: clock.now(),
                signal,
                succeed: (keys) => settled(() => resolve(keys)),
                fail: () => settled(() => reject(new Error('down'))),
              })
            }),
        ),
      },
    }),
    {
      clock,
      input: { now: () => clock.now(), random: () => 0.5, ...input },
      inspect: (inspected) => {
        if (inspected.type === '@xstate.microstep')
          for (const t of inspected._transitions) takenTransitions.add(nameOf(t))
      },
    },
  )
  actor.on('*', ({ type }) => emitted.push(type))
  actor.subscribe(({ _nodes }) => {
    for (const { id } of _nodes) visitedStates.add(id)
  })
  actor.start()
  return {
    actor,
    clock,
    attempts,
    emitted,
    need: () => actor.send({ type: 'keys.needed' }),
    state: () => actor.getSnapshot().value,
  }
}

async function settled(act: () => void) {
  act()
  for (let turn = 0; turn < 5; turn++) await Promise.resolve()
}

/** Starts the machine with the keys `A`, which were fetched at time 0. */
async function startFresh(input: Partial<JwksInput> = {}) {
  const running = start(input)
  running.need()
  await running.attempts[0]!.succeed('A')
  return running
}

describe('jwksMachine', () => {
  it('fetches nothing before a key is needed, and then once for all callers', async () => {
    const { attempts, clock, need, state, actor, emitted } = start()
    clock.increment(3_600_000)
    expect([state(), attempts.length]).toEqual(['empty', 0])
    for (let i = 0; i < 1_000; i++) need()
    expect([state(), attempts.length]).toEqual(['fetching', 1])
    expect(actor.getSnapshot().hasTag('inFlight')).toBe(true)
    await attempts[0]!.succeed('A')
    expect(state()).toEqual({ fresh: 'current' })
    expect(toUsableKeys(actor.getSnapshot().context)).toBe('A')
    expect(emitted).toEqual(['keys.refreshed'])
  })

  it('refreshes without a request at maxAge, serves the old keys meanwhile, and replaces the whole set', async () => {
    const { actor, attempts, clock, state } = await startFresh({ maxAge: 60_000 })
    clock.increment(59_999)
    expect(attempts.length).toBe(1)
    clock.increment(1)
    expect([state(), attempts.length]).toEqual(['refreshing', 2])
    expect(toUsableKeys(actor.getSnapshot().context)).toBe('A')
    await attempts[1]!.succeed('B')
    expect(toUsableKeys(actor.getSnapshot().context)).toBe('B')
  })

  it('counts the age from the start of the attempt, and never refreshes sooner than the cooldown', async () => {
    const { attempts, clock, need } = start({ maxAge: 1, cooldown: 10_000 })
    need()
    clock.increment(3_000)
    await attempts[0]!.succeed('A')
    clock.increment(6_999)
    expect(attempts.length).toBe(1)
    clock.increment(1)
    expect(attempts.map(({ at }) => at)).toEqual([0, 10_000])
  })

  it('a key needed after the cooldown is fetched at once', async () => {
    const { attempts, clock, need, state } = await startFresh()
    clock.increment(10_000)
    need()
    expect([state(), attempts.length]).toEqual(['refreshing', 2])
  })

  it('keys needed within the cooldown cause one refresh, at its end', async () => {
    const { actor, attempts, clock, need, state } = await startFresh()
    clock.increment(4_000)
    for (let i = 0; i < 1_000; i++) need()
    expect([state(), attempts.length]).toEqual([{ fresh: 'due' }, 1])
    expect(toCooldownLeft(actor.getSnapshot().context)).toBe(6_000)
    clock.increment(5_999)
    expect(attempts.length).toBe(1)
    clock.increment(1)
    expect(attempts.map(({ at }) => at)).toEqual([0, 10_000])
    await attempts[1]!.succeed('B')
    expect(state()).toEqual({ fresh: 'current' })
  })

  it('waits for a timer that fired too early by its own clock', async () => {
    let drift = 0
    const clock = new SimulatedClock()
    const starts: number[] = []
    const now = () => clock.now() - drift
    const actor = createActor(
      jwksMachine.provide({ actors: { fetchKeys: fromPromise<unknown>(async () => starts.push(now())) } }),
      { clock, input: { now } },
    ).start()
    actor.send({ type: 'keys.needed' })
    await settled(() => {})
    actor.send({ type: 'keys.needed' })
    drift = 2
    clock.increment(10_000)
    expect(starts).toEqual([0])
    clock.increment(2)
    expect(starts).toEqual([0, 10_000])
  })

  it('gives an attempt up after its timeout, aborts it, and ignores its late answer', async () => {
    const { actor, attempts, clock, need, state, emitted } = start()
    need()
    clock.increment(3_999)
    expect(attempts[0]!.signal.aborted).toBe(false)
    clock.increment(1)
    expect(attempts[0]!.signal.aborted).toBe(true)
    expect([state(), emitted]).toEqual([{ failed: 'due' }, ['keys.failed']])
    await attempts[0]!.succeed('late')
    expect(toUsableKeys(actor.getSnapshot().context)).toBe(null)
  })

  it('limits attempts, not successes: one per cooldown while someone waits, for as long as it fails', async () => {
    const { attempts, clock, need, state } = start()
    need()
    for (let second = 0; second < 1_800; second++) {
      await attempts.at(-1)!.fail()
      need()
      clock.increment(1_000)
    }
    expect(attempts.map(({ at }) => at)).toEqual(Array.from({ length: 181 }, (_, i) => i * 10_000))
    expect(state()).toEqual('fetching')
  })

  it('tries again without another request, and has the keys within a cooldown of their return', async () => {
    const { attempts, clock, need, state } = start()
    need()
    await attempts[0]!.fail()
    clock.increment(10_000)
    await attempts[1]!.succeed('A')
    expect(state()).toEqual({ fresh: 'current' })
  })

  it('backs off up to maxAge if nobody waits, and returns to the cooldown when someone does', async () => {
    const { attempts, clock, need, state } = await startFresh({ maxAge: 60_000 })
    clock.increment(60_000)
    await attempts[1]!.fail()
    expect(state()).toEqual({ failed: 'waiting' })
    for (let attempt = 2; attempt < 6; attempt++) {
      const known = attempts.length
      while (attempts.length === known) clock.increment(1_000)
      expect(state()).toBe('refreshing')
      await attempts[attempt]!.fail()
    }
    const gaps = attempts.slice(2).map(({ at }, i) => at - attempts[i + 1]!.at)
    expect(gaps).toEqual([15_000, 25_000, 35_000, 35_000])
    need()
    expect(state()).toEqual({ failed: 'due' })
    clock.increment(10_000)
    expect(attempts.length).toBe(7)
  })

  it('a key needed after the cooldown of a failed attempt is fetched at once', async () => {
    const { attempts, clock, need, state } = await startFresh({ maxAge: 60_000 })
    clock.increment(60_000)
    await attempts[1]!.fail()
    clock.increment(10_000)
    need()
    expect([state(), attempts.length]).toEqual(['refreshing', 3])
  })

  it('serves stale keys through an outage up to maxStale, to the millisecond, and then has no keys', async () => {
    const { actor, attempts, clock, state } = await startFresh({ maxStale: 3_600_000 })
    const keys = () => toUsableKeys(actor.getSnapshot().context)
    while (clock.now() < 3_599_000) {
      clock.increment(1_000)
      await attempts.at(-1)!.fail()
    }
    clock.increment(999)
    await attempts.at(-1)!.fail()
    expect(keys()).toBe('A')
    clock.increment(1)
    expect(keys()).toBe(null)
    const known = attempts.length
    while (attempts.length === known) clock.increment(1_000)
    expect(state()).toBe('fetching')
    await attempts.at(-1)!.succeed('B')
    expect(keys()).toBe('B')
  })

  it('recovers from a failed refresh with the keys it had', async () => {
    const { actor, attempts, clock, need, emitted } = await startFresh()
    clock.increment(10_000)
    need()
    await attempts[1]!.fail()
    expect(toUsableKeys(actor.getSnapshot().context)).toBe('A')
    clock.increment(10_000)
    await attempts[2]!.succeed('B')
    expect(actor.getSnapshot().context).toMatchObject({ keys: 'B', failures: 0, error: null, wanted: false })
    expect(emitted).toEqual(['keys.refreshed', 'keys.failed', 'keys.refreshed'])
  })

  it('a refresh that stalls is given up with the keys still serving', async () => {
    const { actor, attempts, clock, need, state } = await startFresh({ maxAge: 60_000 })
    clock.increment(60_000)
    clock.increment(4_000)
    expect(attempts[1]!.signal.aborted).toBe(true)
    expect(state()).toEqual({ failed: 'waiting' })
    expect(toUsableKeys(actor.getSnapshot().context)).toBe('A')
    need()
    expect(state()).toEqual({ failed: 'due' })
  })

  it('accepts ages beyond the limit of a timer without firing at once', async () => {
    const { attempts, clock } = await startFresh({ maxAge: Infinity })
    clock.increment(86_400_000)
    expect(attempts.length).toBe(1)
  })

  it('fails instead of hanging if no fetchKeys is provided', async () => {
    const actor = createActor(jwksMachine, { input: { now: () => 0 }, clock: new SimulatedClock() }).start()
    await settled(() => actor.send({ type: 'keys.needed' }))
    expect(actor.getSnapshot().context.error).toMatchObject({ message: expect.stringContaining('not provided') })
  })

  it('describes every state, and names everything that the inspector shows', () => {
    for (const node of allNodes(jwksMachine.root).slice(1)) expect(node.description, node.id).toBeTruthy()
  })
})

describe('the tests above', () => {
  it('visit every state and take every transition', () => {
    const nodes = allNodes(jwksMachine.root)
    const transitions = nodes.flatMap((node) => [...node.transitions.values(), node.always ?? []].flat().map(nameOf))
    console.info(`jwksMachine, covered:\n${[...takenTransitions].toSorted().join('\n')}`)
    expect([...visitedStates].toSorted()).toEqual(nodes.map(({ id }) => id).toSorted())
    expect(transitions.filter((name) => !takenTransitions.has(name))).toEqual([])
  })
})

function allNodes(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap((child) => allNodes(child))]
}
