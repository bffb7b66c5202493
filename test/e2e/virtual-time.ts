import { onTestFinished, vi } from 'vitest'
import type { World } from './world.ts'

/**
 * Lets the test control the timers and the clock of this process, and so those of the server and Clerk. They also run
 * on by themselves.
 */
export function useVirtualTime(): void {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
    shouldAdvanceTime: true,
  })
  onTestFinished(() => void vi.useRealTimers())
}

/**
 * Lets time pass for servers and pages alike, one second at a time, so that each of them can act before the next
 * second.
 */
export async function passTime(world: World, seconds: number): Promise<void> {
  for (let left = seconds * 1_000; left > 0; left -= 1_000) {
    const step = Math.min(left, 1_000)
    await vi.advanceTimersByTimeAsync(step)
    await world.context.clock.runFor(step)
    await settle(world)
  }
}

/** Lets time pass for the servers only, while the browser sleeps. */
export async function passServerTime(seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 1) {
    await vi.advanceTimersByTimeAsync(1_000)
    // Waits for a turn of the event loop, because bytes on the wire need real time and the virtual clock does not.
    await new Promise<void>((resolve) => void setImmediate(resolve))
  }
}

/**
 * How long requests may take, in real ms, that are still on the wire when the virtual time has passed. A request to
 * Clerk for a token can be one of them, because it is not a post to the server.
 */
const wireTime = 5_000

/**
 * Lets time pass until the check succeeds.
 *
 * @throws the last error of the check, when `seconds` have passed
 */
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

/**
 * How long a request may take between the page and the server, in real ms. A request that hangs is waited for only
 * once.
 */
const sendTime = 500

/**
 * Waits until no request is on the wire and no tab is about to get a lock, so that a second of virtual time is never
 * too short for them. After two such seconds without an answer the page gives its stream up, or takes the lead from
 * its holder.
 */
async function settle(world: World): Promise<void> {
  await settleLocks(world)
  const start = process.hrtime.bigint()
  const isSent = () => process.hrtime.bigint() - start > BigInt(sendTime) * 1_000_000n
  await vi.waitUntil(() => world.unanswered.size === 0 || isSent(), { timeout: 10_000, interval: 5 })
  world.unanswered.clear()
  await vi.waitUntil(() => world.posts().every((post) => !post.isOpen), { timeout: 10_000, interval: 5 })
}

/**
 * Waits until each page has the locks that it asked for. The browser answers requests for locks in order, so they
 * come before the answer to this one.
 */
async function settleLocks({ context }: World): Promise<void> {
  const ask = async () => void (await navigator.locks?.query())
  // A page that navigates meanwhile has no locks to wait for.
  await Promise.all(context.pages().map((page) => page.evaluate(ask).catch(() => {})))
}
