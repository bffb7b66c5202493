/**
 * Watches how late a timer is because of this process itself. On a machine that runs other processes too, the event
 * loop is also late because it waits for a core; the CPU time that the process has used meanwhile tells them apart.
 */
export function watchOwnWork(interval: number): { take(): number } {
  let before = { at: performance.now(), cpu: process.cpuUsage() }
  let longest = 0

  const timer = setInterval(() => {
    const { at, cpu } = before
    const { user, system } = process.cpuUsage(cpu)
    before = { at: performance.now(), cpu: process.cpuUsage() }
    longest = Math.max(longest, Math.min(before.at - at - interval, (user + system) / 1_000))
  }, interval)
  timer.unref()

  return {
    /** @returns the longest delay since this was last called, ms */
    take() {
      const taken = longest
      longest = 0
      return taken
    },
  }
}
