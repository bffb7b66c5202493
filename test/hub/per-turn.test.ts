import { describe, expect, it } from 'vitest'
import { perTurn } from '../../adapters/timing/per-turn.ts'

const untilNextTurn = () => new Promise((resolve) => setImmediate(resolve))

/** Work that notes its starts, and fails for a negative number. */
function createWork() {
  const started: number[] = []
  const work = async (input: number) => {
    started.push(input)
    if (input < 0) throw new RangeError(`${input}`)
    return `done ${input}`
  }
  return { started, work }
}

describe('work that is limited in each turn of the event loop', () => {
  it('starts at once up to the limit, and in later turns in order beyond it', async () => {
    const { started, work } = createWork()
    const limited = perTurn(work, 2)
    const results = [0, 1, 2, 3, 4].map(limited)
    expect(started).toEqual([0, 1])
    await untilNextTurn()
    expect(started).toEqual([0, 1, 2, 3])
    // What comes now waits behind what came before.
    results.push(limited(5), limited(6))
    expect(started).toEqual([0, 1, 2, 3])
    await untilNextTurn()
    expect(started).toEqual([0, 1, 2, 3, 4, 5])
    expect(await Promise.all(results)).toEqual([0, 1, 2, 3, 4, 5, 6].map((input) => `done ${input}`))
  })

  it('starts at once again after a burst', async () => {
    const { started, work } = createWork()
    const limited = perTurn(work, 2)
    await Promise.all([0, 1, 2].map(limited))
    await untilNextTurn()
    await untilNextTurn()
    void limited(3)
    void limited(4)
    expect(started).toEqual([0, 1, 2, 3, 4])
  })

  it('passes a failure on to its own caller only', async () => {
    const limited = perTurn(createWork().work, 1)
    const settled = await Promise.allSettled([0, -1, 2].map(limited))
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  it('lets other work run between the turns of a long burst', async () => {
    const { started, work } = createWork()
    const limited = perTurn(work)
    const all = Promise.all(Array.from({ length: 1_000 }, (_, index) => limited(index)))
    const steps: number[] = []
    while (started.length < 1_000) {
      const before = started.length
      await untilNextTurn()
      steps.push(started.length - before)
    }
    await all
    expect(Math.max(...steps)).toBe(16)
  })
})
