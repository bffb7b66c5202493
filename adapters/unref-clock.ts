/** Runs `fn` after `ms`, without keeping the process alive for it. → the timer, for `clearTimeout` */
export function setUnrefTimeout(fn: () => void, ms: number): ReturnType<typeof setTimeout> {
  const timer = setTimeout(fn, ms)
  // Not every runtime's timer is an object.
  if (typeof timer === 'object') timer.unref()
  return timer
}

/** XState's `Clock` on such timers: a session's deadline is no reason for a process to live on. */
export const unrefClock = {
  setTimeout: setUnrefTimeout,
  clearTimeout: (timer: ReturnType<typeof setTimeout>) => clearTimeout(timer),
}
