import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import type { Answer, CaughtViolation, Order } from './orders.ts'
import { createKeys } from './sim-clerk.ts'

let keys: readonly string[] | undefined

export interface CasesResult {
  /** The number of cases that were run. */
  readonly cases: number
  /** The violations in the order of their cases. Each worker stops at its first one. */
  readonly violations: readonly CaughtViolation[]
  readonly fired: Readonly<Record<string, number>>
  /** The digest of the logs of all cases. The same seeds give the same digest with any number of workers. */
  readonly digest: string
}

export interface RunCasesOptions {
  /** The seeds, one for each case. */
  readonly seeds: readonly number[]
  /** The number of worker processes. */
  readonly jobs: number
  /** The path of the compiled worker. */
  readonly script: string
  readonly onCase?: (done: number) => void
}

/** Runs cases in processes of their own, because each case takes over the clock of its process. */
export async function runCases({ seeds, jobs, script, onCase }: RunCasesOptions): Promise<CasesResult> {
  const violations: CaughtViolation[] = []
  const fired = new Map<string, number>()
  const digests: string[] = []
  let done = 0
  const shared = (keys ??= createKeys())

  async function runWorker(first: number): Promise<void> {
    const order: Order = { seeds: seeds.filter((_, index) => index % jobs === first), keys: shared }
    // The cases create millions of short-lived objects. A larger young generation halves the cost of collecting them.
    const worker = fork(script, { execArgv: ['--enable-source-maps', '--max-semi-space-size=64'] })
    const isFinished = { is: false }
    worker.on('message', (answer: Answer) => {
      if (answer.type === 'case') onCase?.((done += 1))
      else if (answer.type === 'violation') violations.push({ ...answer, index: first + answer.index * jobs })
      else {
        isFinished.is = true
        answer.digests.forEach((digest, position) => (digests[first + position * jobs] = digest))
        for (const [name, count] of Object.entries(answer.fired)) fired.set(name, (fired.get(name) ?? 0) + count)
      }
    })
    worker.send(order)
    const code = await new Promise((resolve) => void worker.once('exit', resolve))
    if (!isFinished.is) throw new Error(`A worker ended with ${String(code)} before its cases did`)
  }

  await Promise.all(Array.from({ length: Math.min(jobs, seeds.length) }, (_, first) => runWorker(first)))
  return {
    cases: done,
    violations: violations.toSorted((a, b) => a.index - b.index),
    fired: Object.fromEntries(fired),
    digest: createHash('sha256').update(digests.join()).digest('hex'),
  }
}
