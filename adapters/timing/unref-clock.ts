/**
 * Runs `fn` after `ms`, or at the next turn where that has passed, without keeping the process alive for it.
 *
 * @returns the timer, for `clearTimeout`
 */
export function setUnrefTimeout(fn: () => void, ms: number): ReturnType<typeof setTimeout> {
  // Newer runtimes warn of a negative time.
  const timer = setTimeout(fn, Math.max(ms, 0))
  // Not every runtime's timer is an object.
  if (typeof timer === 'object') timer.unref()
  return timer
}

/** XState's `Clock` on such timers: a session's deadline is no reason for a process to live on. */
export const unrefClock = {
  setTimeout: setUnrefTimeout,
  clearTimeout: (timer: ReturnType<typeof setTimeout>) => clearTimeout(timer),
}
