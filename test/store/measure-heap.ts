import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/**
 * Measures the heap.
 *
 * @returns the bytes that are in use after a garbage collection
 */
export function measureHeap(): number {
  // Collects twice: the second collection frees what the first one finalises.
  for (let time = 0; time < 2; time += 1) collect()
  return process.memoryUsage().heapUsed
}
