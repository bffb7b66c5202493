import { createActor, fromPromise, SimulatedClock } from 'xstate'
import type { AnyStateMachine, AnyTransitionDefinition } from 'xstate'
import { getStateNodes } from 'xstate/graph'
import { describe, expect, it } from 'vitest'
import { authMachine } from '../../machines/index.ts'
import type { AuthInput, BearerToken, VerifiedSession } from '../../machines/index.ts'
import { virtualEpoch } from '../kit/auth-fixtures.ts'
import { createAuthModel } from '../kit/auth-model.ts'
import { authPaths } from '../kit/auth-paths.ts'
import type { AuthPath } from '../kit/auth-paths.ts'

const strict = { refusedToken: 'signOut' } as const satisfies AuthInput

/** Every transition of the chart, named by source, event and place in the list. */
function transitionsOf(machine: AnyStateMachine): Map<AnyTransitionDefinition, string> {
  const nodes = [machine.root, ...getStateNodes(machine.root)]
  return new Map(
    nodes.flatMap((node) =>
      [...[...node.transitions.values()].flat(), ...(node.always ?? [])].map(
        (transition, index): [AnyTransitionDefinition, string] => [
          transition,
          `${node.id} --${transition.eventType || 'always'}[${index}]--> ${transition.target?.map(({ id }) => id).join() ?? '(stays)'}`,
        ],
      ),
    ),
  )
}

let check: { resolve(session: VerifiedSession): void; reject(error: unknown): void } | undefined
const machine = authMachine.provide({
  actors: {
    verifyToken: fromPromise<VerifiedSession, { token: BearerToken }>(
      () => new Promise((resolve, reject) => (check = { resolve, reject })),
    ),
  },
})

const named = transitionsOf(machine)
const taken = new Map<string, number>()
const visited = new Map<string, number>()
const count = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1)

/** Drives one path against a live actor under a simulated clock, and holds every step against the model. */
async function drive(path: AuthPath, model: ReturnType<typeof createAuthModel>, input: AuthInput) {
  const clock = new SimulatedClock()
  let skew = 0
  const actor = createActor(machine, {
    clock,
    input: { random: () => 0.37, ...input, now: () => virtualEpoch + clock.now() + skew },
    inspect: (event) => {
      if (event.type !== '@xstate.microstep') return
      for (const transition of event._transitions) count(taken, named.get(transition) ?? 'unnamed')
    },
  }).start()

  for (const { event, state } of path.steps.slice(1)) {
    const time = model.timeOf(state)
    skew = time.skew
    if (event.type.startsWith('xstate.done.actor')) check?.resolve(event['output'])
    else if (event.type.startsWith('xstate.error.actor')) check?.reject(event['error'])
    else if (time.elapsed > clock.now()) clock.increment(time.elapsed - clock.now())
    else actor.send(event as never)
    await Promise.resolve()
    await Promise.resolve()
    const live = actor.getSnapshot()
    const { settings: _, ...context } = live.context
    const { settings: __, ...expected } = state.context
    expect({ value: live.value, context }, describePath(path)).toEqual({ value: state.value, context: expected })
    for (const node of live._nodes) count(visited, node.id)
  }
  actor.stop()
}

const describePath = (path: AuthPath) => path.steps.map(({ event }) => event['label'] ?? event.type).join(' → ')

describe('the auth machine, walked along paths of its own model', () => {
  it.each([
    ['keeping a session against a refused token', {}],
    ['signing out on a refused token', strict],
  ])('behaves live as the model says, %s', async (_, input) => {
    const model = createAuthModel(input)
    const paths = authPaths({ model })
    expect(paths.length).toBeGreaterThan(100)
    for (const path of paths) await drive(path, model, input)
    console.info(`${paths.length} paths, ${paths.reduce((sum, path) => sum + path.weight, 0)} steps`)
  })

  it('has by then visited every state and taken every transition', () => {
    const states = getStateNodes(machine.root).map(({ id }) => id)
    console.info(`states visited: ${states.filter((id) => visited.has(id)).length} of ${states.length}`)
    for (const id of states) console.info(`  ${id}: ${visited.get(id) ?? 0}`)
    console.info(`transitions taken: ${[...named.values()].filter((name) => taken.has(name)).length} of ${named.size}`)
    for (const name of named.values()) console.info(`  ${name}: ${taken.get(name) ?? 0}`)
    expect(states.filter((id) => !visited.has(id))).toEqual([])
    expect([...named.values()].filter((name) => !taken.has(name))).toEqual([])
  })
})
