/** Writes one event: a dotted code that stays the same between releases, and plain details without secrets. */
export type LogLine = (code: string, details?: Readonly<Record<string, unknown>>) => void

/** Where the adapters write what they notice. `console` is one. */
export interface Logger {
  readonly debug: LogLine
  readonly info: LogLine
  readonly warn: LogLine
  readonly error: LogLine
}

const levels = ['debug', 'info', 'warn', 'error'] as const

/**
 * A logger with every level, which never throws: what is written must not decide what happens. Without one, warnings
 * and errors go to the console and the rest nowhere; of a partial one, the missing levels are silent.
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
