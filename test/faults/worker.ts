import type { Answer, Order } from './orders.ts'
import { createCaseRunner } from './run-case.ts'
import { useKeys } from './sim-clerk.ts'
import type { FaultName } from './weather.ts'

const fired = new Map<FaultName, number>()
const runCase = createCaseRunner(fired)
/**
 * Sends an answer and resolves once it is on its way. If the channel is closed sooner, it drops the part that does
 * not fit into its buffer.
 */
const tell = (answer: Answer) => new Promise<void>((resolve) => process.send!(answer, () => resolve()))

async function work({ seeds, keys }: Order): Promise<void> {
  useKeys(keys)
  const digests: string[] = []
  for (const [index, seed] of seeds.entries()) {
    const { violations, log, digest } = await runCase(seed)
    const [violation] = violations
    digests.push(digest)
    void tell({ type: 'case' })
    if (!violation) continue
    void tell({ type: 'violation', index, seed, ...violation, log })
    break
  }
  await tell({ type: 'end', digests, fired: Object.fromEntries(fired) })
}

process.on('message', (order: Order) => {
  void work(order).finally(() => process.disconnect())
})
