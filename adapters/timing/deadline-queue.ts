import { setUnrefTimeout } from './unref-clock.ts'

/** Something that falls due once. */
export interface Deadline {
  /** By `performance.now()`: a wall clock that is set does not move it. */
  readonly due: number
  /** Where the queue keeps it; -1 while it does not. */
  place: number
}

/** Very many deadlines on one timer. */
export interface DeadlineQueue<Item extends Deadline> {
  add(item: Item): void
  /** Forgets an item; one that is not there is no error. */
  delete(item: Item): void
}

/** The longest that a timer of the runtime may be set to, ms. */
const maxTimeout = 2 ** 31 - 1

/** A binary heap, in which every item knows its place, so that a deadline taken back leaves nothing behind. */
export function createDeadlineQueue<Item extends Deadline>(onDue: (item: Item) => void): DeadlineQueue<Item> {
  const heap: Item[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  /** When the timer goes off. */
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

  /** A timer that goes off too early is let be: it costs less than one set anew for every deadline that moves. */
  function arm() {
    const next = heap[0]
    if (!next || armedFor <= next.due) return
    clearTimeout(timer)
    armedFor = next.due
    timer = setUnrefTimeout(run, Math.min(Math.ceil(next.due - performance.now()), maxTimeout))
  }

  function run() {
    armedFor = Infinity
    const now = performance.now()
    try {
      for (let next = heap[0]; next && next.due <= now; next = heap[0]) {
        remove(next)
        onDue(next)
      }
    } finally {
      arm()
    }
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
