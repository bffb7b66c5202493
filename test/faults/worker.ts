import type { Answer, Order } from './orders.ts'
import { createCaseRunner } from './run-case.ts'
import type { FaultName } from './weather.ts'

const fired = new Map<FaultName, number>()
const runCase = createCaseRunner(fired)
const tell = (answer: Answer) => process.send?.(answer)

async function work({ seeds }: Order): Promise<void> {
  const digests: string[] = []
  for (const [index, seed] of seeds.entries()) {
    const { violations, log, digest } = await runCase(seed)
    const [violation] = violations
    digests.push(digest)
    tell({ type: 'case' })
    if (!violation) continue
    tell({ type: 'violation', index, seed, ...violation, log })
    break
  }
  tell({ type: 'end', digests, fired: Object.fromEntries(fired) })
}

process.on('message', (order: Order) => {
  void work(order).finally(() => process.disconnect())
})
