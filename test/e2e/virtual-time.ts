import { onTestFinished, vi } from 'vitest'
import type { World } from './world.ts'

/** Puts timers and clock of this process, and so of server and Clerk, in the test's hand; they run on by themselves too. */
export function useVirtualTime(): void {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
    shouldAdvanceTime: true,
  })
  onTestFinished(() => void vi.useRealTimers())
}

/** Lets time pass for servers and pages alike, a second at a time, so that each has its say before the next one. */
export async function passTime(world: World, seconds: number): Promise<void> {
  for (let left = seconds * 1_000; left > 0; left -= 1_000) {
    const step = Math.min(left, 1_000)
    await vi.advanceTimersByTimeAsync(step)
    await world.context.clock.runFor(step)
    await settle(world)
  }
}

/** Time passes for the servers only: for a browser that sleeps. */
export async function passServerTime(seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 1) {
    await vi.advanceTimersByTimeAsync(1_000)
    // A turn of the event loop: what comes over the wire is not as fast as the clock.
    await new Promise<void>((resolve) => void setImmediate(resolve))
  }
}

/** How long what is on the wire when the virtual time is over may take, in real ms: a token from Clerk is no post. */
const wireTime = 5_000

/** Lets time pass until something holds. @throws what the condition threw last, when `seconds` have passed */
export async function passTimeUntil(world: World, seconds: number, check: () => void | Promise<void>): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 1) {
    const failure = await attempt(check)
    if (!failure) return
    await passTime(world, 1)
  }
  const start = process.hrtime.bigint()
  while ((await attempt(check)) && process.hrtime.bigint() - start < BigInt(wireTime) * 1_000_000n) {
    await new Promise<void>((resolve) => void setImmediate(resolve))
  }
  await check()
}

async function attempt(check: () => void | Promise<void>): Promise<unknown> {
  try {
    await check()
    return null
  } catch (error) {
    return error
  }
}

/** How long a request may take between the page and the server, in real ms. One that hangs is waited for once. */
const sendTime = 500

/**
 * Waits until no request is on the wire and no tab is about to be given a lock, so that a second of virtual time is never
 * shorter than one there: two of them without an answer, and the page gives its stream up or takes the lead from its holder.
 */
async function settle(world: World): Promise<void> {
  await settleLocks(world)
  const start = process.hrtime.bigint()
  const isSent = () => process.hrtime.bigint() - start > BigInt(sendTime) * 1_000_000n
  await vi.waitUntil(() => world.unanswered.size === 0 || isSent(), { timeout: 10_000, interval: 5 })
  world.unanswered.clear()
  await vi.waitUntil(() => world.posts().every((post) => !post.isOpen), { timeout: 10_000, interval: 5 })
}

/** The browser answers requests for locks in the order in which they come: each page has what it asked for before this. */
async function settleLocks({ context }: World): Promise<void> {
  const ask = async () => void (await navigator.locks?.query())
  // A page that navigates meanwhile has no locks to wait for.
  await Promise.all(context.pages().map((page) => page.evaluate(ask).catch(() => {})))
}
