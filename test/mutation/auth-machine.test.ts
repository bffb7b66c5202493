import { readFileSync } from 'node:fs'
import { authMachine } from 'authchart'
import { describe, expect, it } from 'vitest'
import { rebuild, toMutants } from './mutate-machine.ts'
import { runMutants } from './run-mutants.ts'

/** The share of the mutants that must be detected. */
const required = 0.95

describe('the test kit on machines with one fault each', () => {
  it('finds every fault except those that docs/testing.md explains one by one', async () => {
    const mutants = toMutants(authMachine)
    const results = await runMutants(mutants)
    const survivors = results.flatMap(({ name, killedBy }) => (killedBy ? [] : [name]))
    console.info(`${results.length - survivors.length} of ${results.length} mutants killed`)
    expect(mutants.length).toBeGreaterThan(300)
    expect(1 - survivors.length / mutants.length).toBeGreaterThanOrEqual(required)
    expect(survivors).toEqual(explainedSurvivors())
  }, 600_000)

  it('finds no fault in the machine rebuilt from its own definition', async () => {
    const [result] = await runMutants([{ name: 'no fault', machine: rebuild(authMachine) }])
    expect(result?.killedBy).toBeNull()
  }, 300_000)
})

/** Reads the names in the table of survivors, which has two columns: the name, and why it is not a fault. */
function explainedSurvivors(): string[] {
  const page = readFileSync(new URL('../../docs/testing.md', import.meta.url), 'utf8')
  return [...page.matchAll(/^\| `([^`]+: [^`]+)` \| /gm)].map(([, name]) => name ?? '')
}
