import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { takeTurn } from '../../adapters/browser/take-turn.ts'

const navigator = Object.getOwnPropertyDescriptor(globalThis, 'navigator')
let last: Promise<unknown>

beforeEach(() => {
  vi.useFakeTimers()
  last = Promise.resolve()
  // The Web Locks API, which Node 20 lacks: exclusive locks, first come first served.
  provide({ request: (_: string, run: () => Promise<void>) => (last = last.then(run)) })
})
afterEach(() => {
  vi.useRealTimers()
  Object.defineProperty(globalThis, 'navigator', navigator ?? { value: undefined, configurable: true })
})

function provide(locks: unknown) {
  Object.defineProperty(globalThis, 'navigator', { value: { locks }, configurable: true })
}

it('waits for the turn before it to end', async () => {
  const end = await takeTurn('name')
  let isNext = false
  const next = takeTurn('name').then((endNext) => {
    isNext = true
    return endNext
  })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(isNext).toBe(false)
  end()
  ;(await next)()
  expect(isNext).toBe(true)
  await last
})

it('waits no longer than 2 s, and holds no lock that it is given later', async () => {
  const end = await takeTurn('name')
  const late = takeTurn('name')
  await vi.advanceTimersByTimeAsync(2_000)
  ;(await late)()
  end()
  await last
  ;(await takeTurn('name'))()
  expect(vi.getTimerCount()).toBe(0)
})

it('begins at once where locks are missing or fail', async () => {
  provide(undefined)
  ;(await takeTurn('name'))()
  provide({ request: () => Promise.reject(new Error('insecure')) })
  ;(await takeTurn('name'))()
  expect(vi.getTimerCount()).toBe(0)
})
