import type { AuthMachine } from 'authchart'
import {
  createActorDriver,
  pickCovering,
  runConformance,
  toModelPaths,
  withoutRepeats,
  type ConformanceReport,
  type ModelPaths,
} from 'authchart/testing'
import type { Mutant } from './mutate-machine.ts'

export interface MutationResult {
  readonly name: string
  /** The difference that revealed the fault; null for a mutant that survived. */
  readonly killedBy: ConformanceReport['mismatches'][number] | null
}

/** Returns all paths. The first ones together lead through every transition, because most faults show there. */
export function toQuickPaths(): ModelPaths[] {
  const all = withoutRepeats([{}, { refusedToken: 'signOut' } as const].flatMap((input) => toModelPaths(input)))
  const first = pickCovering(all)
  const known = new Set(first.flatMap(({ paths }) => paths))
  const rest = all.map((each) => ({
    ...each,
    paths: each.paths.filter((path) => !known.has(path)).toSorted((a, b) => a.weight - b.weight),
  }))
  return [...first, ...rest]
}

/** Drives every mutant along the paths of the machine without faults, up to the first difference. */
export async function runMutants(
  mutants: readonly Mutant[],
  { paths = toQuickPaths(), lawsOnly = false }: { paths?: readonly ModelPaths[]; lawsOnly?: boolean } = {},
): Promise<MutationResult[]> {
  const results: MutationResult[] = []
  for (const { name, machine } of mutants) {
    const driver = createActorDriver({ name, machine: machine as unknown as AuthMachine })
    const { mismatches } = await runConformance(driver, { paths, isBrief: true, lawsOnly })
    results.push({ name, killedBy: mismatches[0] ?? null })
  }
  return results
}
