import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createDeadlineQueue, type Deadline } from '../../adapters/timing/deadline-queue.ts'
import { createRandom } from '../seeded-random.ts'

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))

interface Named extends Deadline {
  readonly name: number
}

const inMs = (ms: number, name: number): Named => ({ name, due: performance.now() + ms, place: -1 })

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

it('fires every deadline in order, even if others are added and removed in the meantime', () => {
  console.info(`deadline-queue: SEED=${seed}`)
  const random = createRandom(seed)
  const due: Named[] = []
  const queue = createDeadlineQueue<Named>((item) => {
    expect(item.due).toBeLessThanOrEqual(performance.now())
    due.push(item)
  })
  const waiting = new Set<Named>()
  for (let name = 0; name < 5_000; name += 1) {
    const item = inMs(Math.floor(random() * 100_000), name)
    queue.add(item)
    waiting.add(item)
    if (random() < 0.4) {
      const gone = [...waiting][Math.floor(random() * waiting.size)]!
      queue.delete(gone)
      queue.delete(gone)
      waiting.delete(gone)
    }
    if (random() < 0.2) vi.advanceTimersByTime(Math.floor(random() * 100))
    for (const item of due) waiting.delete(item)
  }
  vi.advanceTimersByTime(200_000)
  for (const item of due) waiting.delete(item)
  expect(waiting.size).toBe(0)
  expect(due.map((item) => item.due)).toEqual(due.map((item) => item.due).toSorted((a, b) => a - b))
  expect(vi.getTimerCount()).toBe(0)
})

it('uses one timer for all deadlines', () => {
  const queue = createDeadlineQueue<Named>(() => {})
  for (let name = 0; name < 1_000; name += 1) queue.add(inMs(1_000 - name, name))
  expect(vi.getTimerCount()).toBe(1)
})

it('waits for a deadline that is further off than a timer can count', () => {
  const due: Named[] = []
  const queue = createDeadlineQueue<Named>((item) => due.push(item))
  queue.add(inMs(2 ** 31 + 1_000, 0))
  vi.advanceTimersByTime(2 ** 31)
  expect(due).toEqual([])
  vi.advanceTimersByTime(1_000)
  expect(due).toHaveLength(1)
})

it('fires the others even if one handler throws', () => {
  const due: Named[] = []
  const queue = createDeadlineQueue<Named>((item) => {
    if (item.name === 0) throw new Error('the first one fails')
    due.push(item)
  })
  queue.add(inMs(10, 0))
  queue.add(inMs(10, 1))
  expect(() => vi.advanceTimersByTime(10)).toThrow('the first one fails')
  vi.advanceTimersByTime(1)
  expect(due).toHaveLength(1)
})

it('sets no timer to a past time, of which newer runtimes warn', () => {
  const set = vi.fn<(run: () => void, ms?: number) => NodeJS.Timeout>(setTimeout)
  vi.stubGlobal('setTimeout', set)
  const due: Named[] = []
  createDeadlineQueue<Named>((item) => due.push(item)).add(inMs(-5, 0))
  // A spy on the virtual timer would outlive its clock: a later test that restores all spies would put that timer back.
  vi.unstubAllGlobals()
  expect(set.mock.calls.map(([, ms]) => ms)).toEqual([0])
  vi.advanceTimersByTime(0)
  expect(due).toHaveLength(1)
})

it('lets the event loop turn when very many deadlines fall due at once', async () => {
  vi.useRealTimers()
  const due: Named[] = []
  const queue = createDeadlineQueue<Named>((item) => {
    due.push(item)
    const end = performance.now() + 1
    while (performance.now() < end);
  })
  for (let name = 0; name < 100; name += 1) queue.add(inMs(0, name))
  const seen = [0]
  while (due.length < 100) {
    await new Promise((resolve) => setImmediate(resolve))
    seen.push(due.length)
  }
  // A slice is 10 ms long, and each handler takes one.
  expect(Math.max(...seen.map((count, turn) => count - (seen[turn - 1] ?? 0)))).toBeLessThanOrEqual(11)
  expect(due.map(({ name }) => name)).toEqual(Array.from({ length: 100 }, (_, name) => name))
})

it('runs a deadline that is removed while the others are under way no more', async () => {
  vi.useRealTimers()
  const due: number[] = []
  const last = inMs(1, 3)
  const queue = createDeadlineQueue<Named>(({ name }) => {
    due.push(name)
    const end = performance.now() + 10
    while (performance.now() < end);
    setImmediate(() => queue.delete(last))
  })
  for (const item of [inMs(0, 0), last]) queue.add(item)
  while (last.place >= 0) await new Promise((resolve) => setImmediate(resolve))
  queue.add(inMs(0, 4))
  while (due.length < 2) await new Promise((resolve) => setImmediate(resolve))
  expect(due).toEqual([0, 4])
})
