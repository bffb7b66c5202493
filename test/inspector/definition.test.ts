import { createWebSocketReceiver, type StatelyActorEvent, type StatelyInspectionEvent } from '@statelyai/inspect'
import { expect, it, onTestFinished } from 'vitest'
import {
  SimulatedClock,
  createActor,
  createMachine,
  type AnyActor,
  type AnyStateMachine,
  type AnyStateNode,
} from 'xstate'
import { createStatelyInspector } from '../../adapters/inspector/index.ts'
import { toGraph } from '../../docs/demo/src/chart/to-graph.ts'
import { authMachine, jwksMachine, syncMachine } from '../../machines/index.ts'
import { eventually } from '../h3/harness.ts'
import { startRelay } from './relay-server.ts'

const machines: [string, AnyStateMachine, object | undefined][] = [
  ['auth', authMachine, undefined],
  ['jwks', jwksMachine, { now: () => 0 }],
  ['sync', syncMachine, { tab: 'tab1' }],
]

function toNodes(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap((child) => toNodes(child as AnyStateNode))]
}

/** Returns everything that a machine's picture shows, by name. */
const toPicture = (machine: AnyStateMachine) =>
  toNodes(machine.root).map((node) => ({
    id: node.id,
    type: node.type,
    initial: node.type === 'compound' ? node.initial.target.map(({ id }) => id) : [],
    description: node.description,
    tags: node.tags,
    entry: node.entry.map(toName),
    exit: node.exit.map(toName),
    invokes: node.invoke.map(({ id, src }) => [id, src]),
    delays: node.after.map(({ delay }) => delay),
    transitions: [...node.transitions.values(), node.always ?? []].flat().map((transition) => ({
      event: transition.eventType,
      targets: transition.target?.map(({ id }) => id),
      reenter: transition.reenter,
      actions: transition.actions.map(toName),
      isGuarded: transition.guard !== undefined,
    })),
  }))

const toName = (named: unknown) => {
  const name = typeof named === 'object' && named !== null && 'type' in named ? named.type : named
  return typeof name === 'function' ? name.name : name
}

it.each(machines)(
  'the Stately inspector gets the whole %s machine: every state, transition and delay by name',
  async (_, machine, input) => {
    const relay = await startRelay()
    const received: StatelyInspectionEvent[] = []
    // This is the other end, Stately's own receiver.
    createWebSocketReceiver({ server: relay.url }).subscribe((event) => received.push(event))
    await eventually(() => relay.clients.size === 1, 'the receiver')
    const stately = await createStatelyInspector({ relay: relay.url })
    onTestFinished(() => stately.stop())

    const actor: AnyActor = createActor(machine, {
      id: 'one',
      input,
      clock: new SimulatedClock(),
      inspect: stately.inspect,
    })
    actor.start()
    const { value } = actor.getSnapshot() as { value: unknown }
    // A client is shown from this event on. The other machines ignore it.
    actor.send({ type: 'client.started' })
    onTestFinished(() => void actor.stop())
    await eventually(() => received.some(({ type }) => type === '@xstate.snapshot'), 'a snapshot')

    const told = received.find((event): event is StatelyActorEvent => event.type === '@xstate.actor')
    expect(told).toMatchObject({ name: 'one', sessionId: actor.sessionId, rootId: actor.sessionId })
    expect(received.find(({ type }) => type === '@xstate.snapshot')).toMatchObject({
      sessionId: actor.sessionId,
      snapshot: { status: 'active', value },
    })
    const rebuilt = createMachine(JSON.parse(told?.definition ?? '{}') as object)
    expect(toPicture(rebuilt)).toEqual(toPicture(machine))
    // Guards of guards are written out, because functions have no JSON. Both definitions give the same chart.
    expect(toGraph(rebuilt)).toEqual(toGraph(machine))
    expect(told?.definition).not.toMatch(/"(inline|params|context|input|output)"/)
  },
)
