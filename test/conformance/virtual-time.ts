import { modelRandom, type VirtualTime } from 'authchart/testing'
import { onTestFinished, vi } from 'vitest'

/**
 * Lets the driver control the timers, the clock and the random numbers of this process, until the test ends. Sockets
 * and crypto run as usual.
 */
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
