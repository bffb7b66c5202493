import type { CDPSession, Page } from 'playwright-core'

/** The size of a page at one moment, after a garbage collection. */
export interface PageCost {
  /** Bytes of the JavaScript heap. */
  readonly heap: number
  readonly listeners: number
  readonly nodes: number
  readonly timers: number
  readonly locks: number
  /** Entries of the performance timeline. A browser keeps at most 250 resources, but any number of measures. */
  readonly entries: number
}

/**
 * Keeps the real `performance`, which an installed clock replaces with a stub: React in development measures what it
 * renders and writes that to the timeline. It runs before the clock is installed.
 */
export function keepPerformance(): void {
  const { performance } = window
  Object.defineProperty(window, 'performance', { configurable: true, get: () => performance, set() {} })
}

/** Counts the timers of a page. It runs before the page's scripts, and after the clock is installed. */
export function countTimers(): void {
  const waiting = new Set<unknown>()
  const { setTimeout, clearTimeout, setInterval, clearInterval } = window
  const patched = {
    setTimeout(run: () => void, delay?: number, ...args: []) {
      const id = setTimeout(() => {
        waiting.delete(id)
        run(...args)
      }, delay)
      waiting.add(id)
      return id
    },
    clearTimeout(id: number) {
      waiting.delete(id)
      clearTimeout(id)
    },
    setInterval(run: () => void, delay?: number, ...args: []) {
      const id = setInterval(run, delay, ...args)
      waiting.add(id)
      return id
    },
    clearInterval(id: number) {
      waiting.delete(id)
      clearInterval(id)
    },
  }
  Object.assign(window, patched, { timers: () => waiting.size })
}

/** Measures a page after a garbage collection. */
export async function measurePage(page: Page, cdp: CDPSession): Promise<PageCost> {
  await Promise.all([cdp.send('Performance.enable'), cdp.send('HeapProfiler.enable')])
  // The lowest of some readings counts, because requests in transit soon release what they hold.
  let heap = Infinity
  for (let round = 0; round < 4; round += 1) {
    await cdp.send('HeapProfiler.collectGarbage')
    const { usedSize } = await cdp.send('Runtime.getHeapUsage')
    heap = Math.min(heap, usedSize)
    await page.evaluate(() => fetch('/favicon.ico', { cache: 'no-store' }).catch(() => null))
  }
  const { metrics } = await cdp.send('Performance.getMetrics')
  const metric = (name: string) => metrics.find((each) => each.name === name)?.value ?? NaN
  const counted = await page.evaluate(async () => {
    const { held = [], pending = [] } = await navigator.locks.query()
    return {
      timers: window.timers(),
      locks: held.length + pending.length,
      entries: performance.getEntries().length,
    }
  })
  return { heap, listeners: metric('JSEventListeners'), nodes: metric('Nodes'), ...counted }
}
