import { describe, expect, it } from 'vitest'
import { createMachine, type AnyStateMachine } from 'xstate'
import { toStatelyJson } from '../../adapters/inspector/index.ts'
import { authMachine, jwksMachine, syncMachine } from '../../machines/index.ts'

type Json = Readonly<Record<string, unknown>>

const machines: [string, AnyStateMachine][] = [
  ['auth', authMachine],
  ['jwks', jwksMachine],
  ['sync', syncMachine],
]

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const list = (value: unknown): unknown[] => (value === undefined ? [] : [value].flat())

/** Returns a state of the JSON with all states inside it. */
function toStates(state: Json): Json[] {
  const children = isJson(state['states']) ? Object.values(state['states']).filter((child) => isJson(child)) : []
  return [state, ...children.flatMap((child) => toStates(child))]
}

const toTransitions = (state: Json): Json[] =>
  [
    ...[state['on'], state['after']].flatMap((each) => (isJson(each) ? Object.values(each) : [])),
    state['always'],
    state['onDone'],
    ...list(state['invoke']).flatMap((each) => (isJson(each) ? [each['onDone'], each['onError']] : [])),
  ]
    .flatMap(list)
    .filter((each) => isJson(each))

/** Every name of a guard, an action, an actor and a delay that the JSON has. */
function toNames(json: Json): string[] {
  const names = toStates(json).flatMap((state) => [
    ...[state['entry'], state['exit']].flatMap(list),
    ...list(state['invoke']).flatMap((each) => (isJson(each) ? [each['src']] : [])),
    ...(isJson(state['after']) ? Object.keys(state['after']) : []),
    ...toTransitions(state).flatMap(({ guard, actions }) => [guard, actions].flatMap(list)),
  ])
  return names.map((named) => String(isJson(named) ? named['type'] : named))
}

describe.each(machines)('the JSON of the %s machine', (_, machine) => {
  const json = toStatelyJson(machine)

  it('is plain JSON', () => {
    expect(JSON.parse(JSON.stringify(json))).toEqual(json)
  })

  it('names every guard, action, actor and delay, combined guards by the names of their parts', () => {
    const names = toNames(json)
    expect(names.length).toBeGreaterThan(10)
    for (const name of names) expect(name).toMatch(/^(?:\(?(?:not |[a-z]\w*)\)?(?: and | or )?)+$/i)
    expect(names).not.toContain('inline')
  })

  it('describes every state', () => {
    const [, ...states] = toStates(json)
    for (const state of states) expect(state).toHaveProperty('description')
  })

  // These are the demands of machine.schema.json in the repository of XState, but for two, which the definitions of
  // XState do not meet either: that each transition has a target, and that the start of a parallel machine has one.
  it('makes a definition of the form that the JSON schema of XState asks for', () => {
    const definition: Json = JSON.parse(JSON.stringify(createMachine(json as object).definition))
    for (const state of toStates(definition)) {
      expect(state).toMatchObject({ id: expect.any(String), key: expect.any(String), on: expect.any(Object) })
      expect(['atomic', 'compound', 'parallel', 'final', 'history']).toContain(state['type'])
      for (const action of [state['entry'], state['exit']].flatMap(list)) {
        expect(action).toMatchObject({ type: expect.any(String) })
      }
      for (const invoke of list(state['invoke'])) {
        expect(invoke).toMatchObject({ type: 'xstate.invoke', id: expect.any(String), src: expect.any(String) })
      }
      for (const transition of Object.values(state['on'] as Json).flatMap(list)) {
        expect(transition).toMatchObject({
          actions: expect.any(Array),
          eventType: expect.any(String),
          source: expect.stringMatching(/^#/),
        })
        const { target, guard } = transition as Json
        for (const each of list(target)) expect(each).toMatch(/^#/)
        for (const each of list(guard)) expect(each).toMatchObject({ type: expect.any(String) })
      }
    }
  })
})
