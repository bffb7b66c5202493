import * as fc from 'fast-check'

/** The seed of the run. The same seed repeats the run. */
export const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
/** The number of cases of all fuzz tests together. Each test takes its share. */
export const totalCases = Number(process.env['CASES'] ?? 100_000)

const prototypes = [
  Object,
  Array,
  Function,
  String,
  Number,
  Boolean,
  Map,
  Set,
  Promise,
  Error,
  Request,
  Headers,
  URL,
].map(({ prototype }) => prototype as object)
const keysOfAll = () => prototypes.map((prototype) => Reflect.ownKeys(prototype))

/**
 * Runs `share` of all cases, counts the outcomes that `tryCase` returns, and prints them. Rejects with the smallest
 * case that fails, or if a prototype has got new members.
 */
export async function fuzz<T>(
  name: string,
  share: number,
  cases: fc.Arbitrary<T>,
  tryCase: (value: T) => Promise<string>,
): Promise<ReadonlyMap<string, number>> {
  const numRuns = Math.ceil(totalCases * share)
  const outcomes = new Map<string, number>()
  const before = keysOfAll()
  // Tests may have put `performance` and `Date` under their own control.
  const start = process.hrtime.bigint()
  const property = fc.asyncProperty(cases, async (value) => {
    const outcome = await tryCase(value)
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    for (const key in {}) throw new Error(`Object.prototype has got ${key}`)
  })
  await fc.assert(property, { seed, numRuns })
  prototypes.forEach((prototype, index) => {
    if (Reflect.ownKeys(prototype).length !== before[index]?.length) throw new Error('a prototype has grown')
  })
  const lines = [...outcomes]
    .toSorted(([, a], [, b]) => b - a)
    .map(([what, times]) => `${String(times).padStart(7)}  ${what}`)
  const seconds = (Number(process.hrtime.bigint() - start) / 1e9).toFixed(1)
  console.info([`fuzz ${name}: SEED=${seed}, ${numRuns} cases, ${seconds} s`, ...lines].join('\n'))
  return outcomes
}
