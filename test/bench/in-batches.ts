/**
 * Runs work on every item in order, `size` items at a time. `worker` is the number of the worker that got the item.
 */
export async function inBatches<Item, Result>(
  items: readonly Item[],
  size: number,
  run: (item: Item, index: number, worker: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  const work = async (worker: number) => {
    while (next < items.length) {
      const index = next
      next += 1
      results[index] = await run(items[index] as Item, index, worker)
    }
  }
  await Promise.all(Array.from({ length: Math.min(size, items.length) }, (_, worker) => work(worker)))
  return results
}
