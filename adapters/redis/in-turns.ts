/**
 * Creates the function that walks over a map, at most so many entries at a time, and goes on where it ended. At the end
 * it begins again.
 */
export function createTurns<Key, Value>(map: ReadonlyMap<Key, Value>, most: number): () => Iterable<[Key, Value]> {
  let places = map.entries()

  return function* turn() {
    const count = Math.min(most, map.size)
    for (let taken = 0; taken < count; taken += 1) {
      let next = places.next()
      if (next.done) {
        if (taken > 0) return
        places = map.entries()
        next = places.next()
        if (next.done) return
      }
      yield next.value
    }
  }
}
