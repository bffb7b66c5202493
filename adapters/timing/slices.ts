/** Longest time that work for very many sessions holds the event loop at a stretch, ms. */
const sliceTime = 10

/** The time that one slice of work may take. */
export interface Slice {
  /** True once the time has passed. */
  readonly isOver: boolean
}

/** Starts a slice now. */
export function startSlice(): Slice {
  const end = performance.now() + sliceTime
  return {
    get isOver() {
      return performance.now() >= end
    },
  }
}

/**
 * Works on items in order, a slice in each turn of the event loop, so that requests are served in between. The first
 * slice runs at once. Resolves after the last item.
 */
export function inSlices<Item>(items: Iterable<Item>, work: (item: Item) => void): Promise<void> {
  const iterator = items[Symbol.iterator]()
  return new Promise((resolve, reject) => {
    function run() {
      const slice = startSlice()
      try {
        for (let next = iterator.next(); !next.done; next = iterator.next()) {
          work(next.value)
          if (!slice.isOver) continue
          setImmediate(run)
          return
        }
        resolve()
      } catch (error) {
        reject(error)
      }
    }
    run()
  })
}
