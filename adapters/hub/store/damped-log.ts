import type { LogLine, Logger } from '../../logger.ts'
import { createLineLimit } from './line-limit.ts'

/** The code of a call that the store has rejected. */
const code = 'store.failed'

/**
 * A logger that writes one failure of each method of the store in a minute, and further ones to `debug`: while a store is
 * away every call fails.
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
