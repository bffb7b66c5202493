/**
 * Runs `fn` after `ms` without keeping the process alive for it. If the time has passed, it runs at the next turn.
 *
 * @returns The timer, for `clearTimeout`
 */
export function setUnrefTimeout(fn: () => void, ms: number): ReturnType<typeof setTimeout> {
  // Newer runtimes warn of a negative time.
  const timer = setTimeout(fn, Math.max(ms, 0))
  // Not every runtime's timer is an object.
  if (typeof timer === 'object') timer.unref()
  return timer
}

/** XState's `Clock` with such timers, because a session's deadline must not keep the process alive. */
export const unrefClock = {
  setTimeout: setUnrefTimeout,
  clearTimeout: (timer: ReturnType<typeof setTimeout>) => clearTimeout(timer),
}
