import { longestDelay } from '../../machines/backoff.ts'
import { startSlice } from './slices.ts'
import { setUnrefTimeout } from './unref-clock.ts'

/** An item that falls due once. */
export interface Deadline {
  /** Moment when it falls due, by `performance.now()`, so that setting the wall clock does not move it. */
  readonly due: number
  /** Index in the queue; -1 while it is not in the queue. */
  place: number
}

/** A queue for very many deadlines that needs only one timer. */
export interface DeadlineQueue<Item extends Deadline> {
  add(item: Item): void
  /** Removes an item. An item that is not in the queue is no error. */
  delete(item: Item): void
}

/** Creates a queue as a binary heap. Every item knows its index, so that a removed deadline leaves nothing behind. */
export function createDeadlineQueue<Item extends Deadline>(onDue: (item: Item) => void): DeadlineQueue<Item> {
  const heap: Item[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  /** The moment when the timer fires. */
  let armedFor = Infinity

  function put(item: Item, place: number) {
    heap[place] = item
    item.place = place
  }

  function rise(item: Item, from: number) {
    let place = from
    while (place > 0) {
      const parent = heap[(place - 1) >> 1]!
      if (parent.due <= item.due) break
      put(parent, place)
      place = (place - 1) >> 1
    }
    put(item, place)
  }

  function sink(item: Item, from: number) {
    let place = from
    for (;;) {
      const left = heap[2 * place + 1]
      const right = heap[2 * place + 2]
      const child = right && right.due < left!.due ? right : left
      if (!child || child.due >= item.due) break
      const next = child.place
      put(child, place)
      place = next
    }
    put(item, place)
  }

  function remove(item: Item) {
    const { place } = item
    if (place < 0) return
    item.place = -1
    const last = heap.pop()!
    if (last === item) return
    if (place > 0 && heap[(place - 1) >> 1]!.due > last.due) rise(last, place)
    else sink(last, place)
  }

  /**
   * Sets the timer for the next deadline. A timer that fires too early is kept, because that costs less than a new
   * timer for every deadline that moves.
   */
  function arm() {
    const next = heap[0]
    if (!next || armedFor <= next.due) return
    clearTimeout(timer)
    armedFor = next.due
    timer = setUnrefTimeout(run, Math.min(Math.ceil(next.due - performance.now()), longestDelay))
  }

  /** Runs what is due. If that takes long, the event loop serves requests before the rest. */
  function run() {
    clearTimeout(timer)
    armedFor = Infinity
    const now = performance.now()
    const slice = startSlice()
    try {
      for (let next = heap[0]; next && next.due <= now; next = heap[0]) {
        remove(next)
        onDue(next)
        if (slice.isOver) return resume()
      }
    } finally {
      arm()
    }
  }

  function resume() {
    armedFor = -Infinity
    setImmediate(run)
  }

  return {
    add(item) {
      rise(item, heap.length)
      arm()
    },
    delete(item) {
      remove(item)
      if (heap.length > 0) return
      clearTimeout(timer)
      armedFor = Infinity
    },
  }
}
