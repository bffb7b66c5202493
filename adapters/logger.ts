/** Writes one event: a dotted code that stays the same between releases, and plain details without secrets. */
export type LogLine = (code: string, details?: Readonly<Record<string, unknown>>) => void

/** The log of the adapters. `console` is a valid one. */
export interface Logger {
  readonly debug: LogLine
  readonly info: LogLine
  readonly warn: LogLine
  readonly error: LogLine
}

const levels = ['debug', 'info', 'warn', 'error'] as const

/**
 * Returns a logger with every level that never throws, because logging must not change the behaviour. Without a given
 * logger, warnings and errors go to the console and the rest is dropped. If a given logger lacks a level, that level is
 * silent.
 */
export function toLogger(logger: Partial<Logger> = { warn: console.warn, error: console.error }): Logger {
  const contained =
    (level: (typeof levels)[number]): LogLine =>
    (code, details) => {
      try {
        if (details === undefined) logger[level]?.(code)
        else logger[level]?.(code, details)
      } catch {
        // A logger that fails has nowhere left to report it.
      }
    }
  return { debug: contained('debug'), info: contained('info'), warn: contained('warn'), error: contained('error') }
}
