import type { LogLine, Logger } from '../../logger.ts'
import { createLineLimit } from './line-limit.ts'

/** The log code of a call that the store has rejected. */
const code = 'store.failed'

/**
 * @returns a logger that writes one failure of each method of the store per minute, and further ones to `debug`,
 * because every call fails while a store is away
 */
export function dampStoreFailures(logger: Logger): Logger {
  const isLoud = createLineLimit()

  function damp(write: LogLine): LogLine {
    return (written, details) => {
      const isFailure = written === code
      if (isFailure && !isLoud(details?.['method'])) return logger.debug(written, details)
      return write(written, details)
    }
  }

  return { ...logger, warn: damp(logger.warn), error: damp(logger.error) }
}
