import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { AnyStateMachine } from 'xstate'
import { toGraph } from '../../docs/demo/src/chart/to-graph.ts'
import { authMachine, jwksMachine, syncMachine } from '../../machines/index.ts'
import { toChartPage, toDiagrams } from './to-chart-page.ts'
import { toStateTable, toTransitionTable } from './to-table.ts'

const path = new URL('../../docs/statechart.md', import.meta.url)

it('docs/statechart.md shows the machines as they are (UPDATE=1 draws it again)', () => {
  const page = readFileSync(path, 'utf8')
  const fresh = toChartPage(page)
  if (process.env['UPDATE']) writeFileSync(path, fresh)
  expect(readFileSync(path, 'utf8')).toBe(fresh)
})

describe.each<[string, AnyStateMachine]>([
  ['auth', authMachine],
  ['jwks', jwksMachine],
  ['sync', syncMachine],
])('of %sMachine', (id, machine) => {
  const drawn = toDiagrams().filter((diagram) => diagram.machine === id)
  const pictures = drawn.map(({ text }) => text).join('\n')

  it('every state is drawn and described, except regions, which have their own pictures', () => {
    const graph = toGraph(machine)
    const states = graph.states.filter((state) => state.kind !== 'any' && !(graph.isParallel && state.parent === null))
    expect(states.length).toBeGreaterThan(6)
    for (const { id: state, description } of states) {
      expect(pictures).toContain(` as ${state.replaceAll('.', '_')}`)
      expect(description, state).not.toBe('')
      expect(toStateTable(machine)).toContain(`| \`${state.slice(id.length + 1)}\` | ${description} |`)
    }
  })

  it('every event that leads from one state to another is in a picture', () => {
    for (const { lines } of toGraph(machine).transitions) {
      for (const { event, guards } of lines)
        expect(pictures).toContain(event === 'always' ? guards[0]?.split(' ')[0] : event)
    }
  })

  it('every named guard, action, actor and delay is in a table', () => {
    const tables = toStateTable(machine) + toTransitionTable(machine)
    const { guards, actions, actors, delays } = machine.implementations
    const names = [guards, actions, actors, delays].flatMap((named) => Object.keys(named))
    // The delays of events that actions raise.
    const inner = new Set(['lateGrace', 'viewExpiry', 'reopenDelay', 'clerkTimeout'])
    const missing = names.filter((name) => !new RegExp(`\\b${name}\\b`).test(tables))
    expect(missing.filter((name) => !inner.has(name))).toEqual([])
  })
})
