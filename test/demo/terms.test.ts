import { authErrors, authMachine, authReasons, jwksMachine, syncMachine } from 'authchart'
import { describe, expect, it } from 'vitest'
import { toGraph } from '../../docs/demo/src/chart/to-graph.ts'
import { explainTerm } from '../../docs/demo/src/terms/explain-term.ts'
import { guardTexts } from '../../docs/demo/src/terms/guard-texts.ts'

const guardsOf = (machine: Parameters<typeof toGraph>[0]) => {
  const { states, transitions } = toGraph(machine)
  const lines = [...transitions.flatMap(({ lines }) => lines), ...states.flatMap(({ internal }) => internal)]
  return lines.flatMap(({ guards }) => guards.flatMap((guard) => guard.match(/\b(?:is|has|may|can)[A-Z]\w*/g) ?? []))
}
const shown = new Set([authMachine, syncMachine, jwksMachine].flatMap((machine) => guardsOf(machine)))

describe('the terms of the demo', () => {
  it('have an explanation: each guard of a chart, each error code, and each reason', () => {
    const terms = [...shown, ...Object.keys(authErrors), ...authReasons]
    expect(terms.filter((term) => explainTerm(term) === null)).toEqual([])
  })

  it('are all in use: no guard is explained that no chart shows', () => {
    expect(Object.keys(guardTexts).filter((name) => !shown.has(name))).toEqual([])
  })

  it('are not made up', () => {
    expect(explainTerm('constructor')).toBeNull()
    expect(explainTerm('isNothing')).toBeNull()
  })
})
