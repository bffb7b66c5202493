import { describe, expect, it } from 'vitest'
import {
  assign,
  createMachine,
  emit,
  enqueueActions,
  fromPromise,
  initialTransition,
  raise,
  transition,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type ExecutableActionObject,
} from 'xstate'
import type { ChartEffect } from '../../adapters/hub/hosts/chart-actions.ts'
import { compileChart } from '../../adapters/hub/hosts/compile-chart.ts'
import type { AuthContext } from '../../machines/auth-context.ts'
import { authMachine, type AuthInput } from '../../machines/index.ts'
import { createAuthModel, modelRandom, modelTombstone, type ModelTime } from '../kit/auth-model.ts'
import { createRandom } from '../seeded-random.ts'

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const pick = <T>(random: () => number, list: readonly T[]): T => list[Math.floor(random() * list.length)]!
const tags = ['pending', 'checked', 'signedIn'] as const

describe(`a compiled chart, SEED=${seed}`, () => {
  it.each([
    ['keeping a session against a refused token', {}],
    ['signing out on a refused token', { refusedToken: 'signOut' } as const],
  ])(
    'does the same as XState with the auth machine, at every step of 400 random walks, %s',
    (_, options: AuthInput) => {
      const random = createRandom(seed)
      const model = createAuthModel(options)
      const chart = compileChart<AuthContext>(authMachine)!
      const states = new Set<string>()
      for (let walk = 0; walk < 400; walk += 1) {
        let snapshot = model.start()
        let { state, context, effects } = chart.start({
          random: () => modelRandom,
          tombstone: modelTombstone,
          ...options,
        })
        const world = createWorld()
        const events: string[] = []
        for (let step = 0; step < 40; step += 1) {
          world.follow(effects, model.timeOf(snapshot).elapsed)
          const { settings } = snapshot.context
          const time = model.timeOf(snapshot)
          expect({ ...context, settings }, events.join(' → ')).toEqual(snapshot.context)
          expect(state.value).toEqual(snapshot.value)
          expect(tags.filter((tag) => state.hasTag(tag))).toEqual(tags.filter((tag) => snapshot.hasTag(tag)))
          expect(toComing(world.timers, time)).toEqual(toComing(time.timers, time))
          expect(world.running).toEqual(new Set(Object.keys(snapshot.children)))
          expect(world.emitted, events.join(' → ')).toEqual(model.traceOf(snapshot).emitted)
          states.add(JSON.stringify(state.value))

          const event = pick(random, model.eventsOf(snapshot))
          events.push(event.label ?? event.type)
          snapshot = model.step(snapshot, event)
          world.begin(event.type)
          const now = { ...context, settings: snapshot.context.settings }
          ;({ state, context, effects } = chart.step(state, now, event))
        }
      }
      expect(states.size).toBe(8)
    },
  )

  it('does the same as XState with 300 random charts, in the same order', () => {
    const random = createRandom(seed)
    for (let number = 0; number < 300; number += 1) {
      const machine = createRandomMachine(random)
      const chart = compileChart<{ log: string[] }>(machine)!
      let [snapshot, actions] = initialTransition(machine)
      let step = chart.start(undefined)
      for (let event = 0; event < 12; event += 1) {
        const where = `chart ${number}, event ${event}: ${JSON.stringify(machine.config)}`
        expect(step.state.value, where).toEqual((snapshot as AnyMachineSnapshot).value)
        expect(step.context, where).toEqual(snapshot.context)
        expect(step.effects.map(toText), where).toEqual(actions.flatMap(toTextOfAction))
        const next = { type: pick(random, ['a', 'b', 'unheard']) }
        ;[snapshot, actions] = transition(machine, snapshot, next)
        step = chart.step(step.state, step.context, next)
      }
    }
  })

  it('takes an eventless transition only once if it changes nothing', () => {
    const chart = compileChart<object>(createMachine({ context: {}, always: { actions: emit({ type: 'idle' }) } }))!
    const { state, context, effects } = chart.start(undefined)
    expect(effects).toEqual([{ type: 'emit', event: { type: 'idle' } }])
    expect(chart.step(state, context, { type: 'any' }).effects).toHaveLength(1)
  })

  it('returns the same context if nothing was assigned', () => {
    const chart = compileChart<object>(
      createMachine({ context: { count: 0 }, on: { ping: { actions: emit({ type: 'pong' }) } } }),
    )
    const { state, context } = chart!.start(undefined)
    expect(chart!.step(state, context, { type: 'ping' })).toEqual({
      state,
      context,
      effects: [{ type: 'emit', event: { type: 'pong' } }],
    })
    expect(chart!.step(state, context, { type: 'ping' }).context).toBe(context)
  })

  it.each([
    ['parallel states', { type: 'parallel', states: { a: {}, b: {} } }],
    ['a final state', { initial: 'a', states: { a: { type: 'final' } } }],
    ['a history state', { initial: 'a', states: { a: {}, b: { type: 'history' } } }],
    ['a wildcard', { on: { '*': {} } }],
    ['an action of its own', { entry: () => {} }],
    ['an action that nobody wrote', { entry: 'missing' }],
    ['a guard that nobody wrote', { on: { a: { guard: 'missing' } } }],
    [
      'two targets',
      { initial: 'a', states: { a: { on: { x: ['b', 'a'].map((target) => ({ target: [target, 'a'] })) } }, b: {} } },
    ],
    [
      'what XState may call otherwise one day',
      { entry: Object.assign(() => {}, { type: 'xstate.assign', resolve() {} }) },
    ],
  ])('cannot be made from a machine with %s', (_, config) => {
    expect(compileChart(createMachine(config as never))).toBeNull()
  })
})

/** Keeps the results of effects: the timers, the running actors, and the events that one step emitted. */
function createWorld() {
  const timers: Record<string, number> = {}
  const running = new Set<string>()
  let emitted: AnyEventObject[] = []
  return {
    timers,
    running,
    get emitted() {
      return emitted
    },
    /** Removes a timer when it fires. */
    begin(type: string) {
      emitted = []
      delete timers[type]
    },
    follow(effects: readonly ChartEffect[], now: number) {
      for (const effect of effects) {
        if (effect.type === 'delay') timers[effect.id ?? effect.event.type] = now + effect.delay
        if (effect.type === 'cancel') delete timers[effect.id]
        if (effect.type === 'invoke') running.add(effect.id)
        if (effect.type === 'stop') running.delete(effect.id)
        if (effect.type === 'emit') emitted.push(effect.event)
      }
    },
  }
}

/** The model keeps an event that was raised without a delay as a timer that is due at once. */
const toComing = (timers: Readonly<Record<string, number>>, { elapsed }: ModelTime) =>
  Object.fromEntries(Object.entries(timers).filter(([, due]) => due > elapsed))

/**
 * Creates a machine with random nested states. It records everything that happens in the context or as an emitted
 * event.
 */
function createRandomMachine(random: () => number): AnyStateMachine {
  const ids: string[] = []
  const note = (text: string) =>
    pick(random, [
      assign({ log: ({ context }: { context: { log: string[] } }) => [...context.log, text] }),
      emit({ type: 'noted', text }),
      enqueueActions(({ enqueue, context }) => {
        enqueue.emit({ type: 'enqueued', text } as never)
        enqueue.assign({ log: [...(context as { log: string[] }).log, `enqueued ${text}`] })
      }),
      ...(random() < 0.2 ? [raise({ type: 'd' }, { delay: 5, id: `${text} timer` })] : []),
    ])
  const toTransition = (id: string, target: string | undefined, raised: readonly unknown[] = []) => ({
    ...(target !== undefined && { target: `#${target}`, reenter: id !== 's0' && random() < 0.4 }),
    ...(random() < 0.4 && {
      guard: ({ context }: { context: { log: string[] } }) => context.log.length % 3 !== 0,
    }),
    actions: [note(`${id} moves`), ...raised],
  })
  const later: (() => void)[] = []
  function createState(depth: number): object {
    const id = `s${ids.length}`
    ids.push(id)
    const children = depth < 3 && (depth === 0 || random() < 0.5) ? 1 + Math.floor(random() * 3) : 0
    const states = Object.fromEntries(
      Array.from({ length: children }, (_, index) => [`k${index}`, createState(depth + 1)] as const),
    )
    const on: Record<string, object[]> = {}
    const always: object[] = []
    later.push(() => {
      for (const type of ['a', 'b', 'c', 'd']) {
        if (random() < 0.5) continue
        // A raised event raises no other event, so that no chart loops for ever.
        const raised = type < 'c' && random() < 0.5 ? [raise({ type: pick(random, ['c', 'd']) })] : []
        on[type] = [0, 1].map(() => toTransition(id, random() < 0.2 ? undefined : pick(random, ids.slice(1)), raised))
      }
      // Eventless transitions lead only forward, for the same reason.
      const after = ids.slice(ids.indexOf(id) + 1)
      if (children === 0 && after.length > 0 && random() < 0.2) always.push(toTransition(id, pick(random, after)))
    })
    return {
      id,
      entry: [note(`enter ${id}`)],
      exit: [note(`exit ${id}`)],
      on,
      always,
      ...(random() < 0.3 && { after: { 10: { actions: [note(`${id} waited`)] } } }),
      ...(random() < 0.2 && { invoke: { src: fromPromise(async () => {}), id: `${id} actor` } }),
      ...(children > 0 && { initial: pick(random, Object.keys(states)), states }),
    }
  }
  const config = { context: { log: [] as string[] }, ...createState(0) }
  for (const fill of later) fill()
  return createMachine(config as never)
}

function toText(effect: ChartEffect): string {
  switch (effect.type) {
    case 'delay':
      return `delay ${effect.id} ${effect.event.type} ${effect.delay}`
    case 'emit':
      return `emit ${JSON.stringify(effect.event)}`
    default:
      return `${effect.type} ${effect.id}`
  }
}

/** The effects that XState would give to its executor. XState itself handles a raised event without a delay. */
function toTextOfAction({ type, params }: ExecutableActionObject): string[] {
  const { event, delay, id, sendId } = (params ?? {}) as {
    event?: AnyEventObject
    delay?: number
    id?: string
    sendId?: string
  }
  switch (type) {
    case 'xstate.raise':
      return delay === undefined ? [] : [`delay ${id} ${event?.type} ${delay}`]
    case 'xstate.emit':
      return [`emit ${JSON.stringify(event)}`]
    case 'xstate.cancel':
      return [`cancel ${sendId}`]
    case 'xstate.spawnChild':
      return [`invoke ${id}`]
    case 'xstate.stopChild':
      return [`stop ${id}`]
    default:
      throw new Error(`no effect for ${type}`)
  }
}
