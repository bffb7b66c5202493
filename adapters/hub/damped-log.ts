import type { LogLine, Logger } from '../logger.ts'

/** The code of a call that the store has rejected. */
const code = 'store.failed'
/** Ms for which a method's further failures go to `debug`. */
const quietFor = 60_000

/**
 * A logger that writes one failure of each method of the store in a minute: while a store is away every call fails, and
 * thousands of equal lines would hide the others.
 */
export function dampStoreFailures(logger: Logger): Logger {
  const quietUntil = new Map<unknown, number>()

  function damp(write: LogLine): LogLine {
    return (written, details) => {
      if (written !== code) return write(written, details)
      const method = details?.['method']
      const now = performance.now()
      if (now < (quietUntil.get(method) ?? -Infinity)) return logger.debug(written, details)
      quietUntil.set(method, now + quietFor)
      return write(written, details)
    }
  }

  return { ...logger, warn: damp(logger.warn), error: damp(logger.error) }
}
