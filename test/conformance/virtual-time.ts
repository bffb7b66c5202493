import { onTestFinished, vi } from 'vitest'
import { modelRandom } from 'authchart/testing'
import type { VirtualTime } from 'authchart/testing'

/** Puts timers, clock and chance of this process in the driver's hand; sockets and crypto go on. Ends with the test. */
export function useVirtualTime(): VirtualTime {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
    now: Date.UTC(2026, 0, 1),
  })
  const random = vi.spyOn(Math, 'random').mockReturnValue(modelRandom)
  onTestFinished(() => {
    random.mockRestore()
    vi.useRealTimers()
  })
  return { now: Date.now, advance: (milliseconds) => vi.advanceTimersByTimeAsync(milliseconds) }
}
