import { authMachine } from 'authchart'
import { pickCovering } from 'authchart/testing'
import { toMutants } from './mutate-machine.ts'
import { runMutants, toQuickPaths } from './run-mutants.ts'

// Run: npx tsx --tsconfig test/tsconfig.json test/mutation/run.ts [part of a name]
const [part = ''] = process.argv.slice(2)
const mutants = toMutants(authMachine).filter(({ name }) => name.includes(part))
const paths = toQuickPaths()
const start = performance.now()
const results = await runMutants(mutants, { paths })
const byLaws = await runMutants(mutants, { paths: pickCovering(paths), lawsOnly: true })

const toKilled = (all: typeof results) => all.filter(({ killedBy }) => killedBy !== null).length
for (const { name, killedBy } of results) if (!killedBy) console.log(`survived: ${name}`)
console.log(`${toKilled(results)} of ${results.length} mutants killed, by the laws alone ${toKilled(byLaws)}`)
console.log(`in ${Math.round((performance.now() - start) / 1_000)} s`)
