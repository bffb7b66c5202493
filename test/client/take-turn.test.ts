import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { takeTurn } from '../../adapters/browser/take-turn.ts'

const navigator = Object.getOwnPropertyDescriptor(globalThis, 'navigator')
let last: Promise<unknown>

beforeEach(() => {
  vi.useFakeTimers()
  last = Promise.resolve()
  // This is the Web Locks API, which Node 20 lacks: exclusive locks in the order of the requests.
  provide({ request: (_: string, run: () => Promise<void>) => (last = last.then(run)) })
})
afterEach(() => {
  vi.useRealTimers()
  Object.defineProperty(globalThis, 'navigator', navigator ?? { value: undefined, configurable: true })
})

/** Sets the page's `navigator.locks`. A property descriptor such as `{ get }` makes it a getter. */
function provide(locks: PropertyDescriptor | object | null) {
  const value = locks && 'get' in locks ? Object.defineProperty({}, 'locks', locks) : { locks }
  Object.defineProperty(globalThis, 'navigator', { value, configurable: true })
}

it('waits for the earlier turn to end', async () => {
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

it('waits no longer than 2 s, and keeps no lock that it gets later', async () => {
  const end = await takeTurn('name')
  const late = takeTurn('name')
  await vi.advanceTimersByTimeAsync(2_000)
  ;(await late)()
  end()
  await last
  ;(await takeTurn('name'))()
  expect(vi.getTimerCount()).toBe(0)
})

const fault = () => {
  throw new DOMException('refused', 'SecurityError')
}

it.each<[how: string, locks: object | null]>([
  ['is missing', null],
  ['has no request', {}],
  ['rejects', { request: () => Promise.reject(new Error('insecure')) }],
  ['throws', { request: fault }],
  ['throws when it is read', { get: fault }],
  ['resolves without a turn', { request: () => Promise.resolve() }],
  ['returns no promise', { request: () => {} }],
])('begins at once where the lock API %s', async (_, locks) => {
  provide(locks)
  ;(await takeTurn('name'))()
  expect(vi.getTimerCount()).toBe(0)
})

it('begins at once without a navigator, or if reading it throws', async () => {
  for (const descriptor of [{ value: undefined }, { get: fault }]) {
    Object.defineProperty(globalThis, 'navigator', { ...descriptor, configurable: true })
    ;(await takeTurn('name'))()
    expect(vi.getTimerCount()).toBe(0)
  }
})

it('begins after 2 s if the lock API never answers', async () => {
  provide({ request: () => new Promise(() => {}) })
  let isBegun = false
  const turn = takeTurn('name').then(() => (isBegun = true))
  await vi.advanceTimersByTimeAsync(1_999)
  expect(isBegun).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  await turn
  expect(vi.getTimerCount()).toBe(0)
})
