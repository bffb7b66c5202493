import type { Logger } from '../../adapters/logger.ts'

export interface StoreLogLine {
  readonly level: keyof Logger
  readonly code: string
  readonly details: Readonly<Record<string, unknown>>
}

/** Creates a logger that keeps every line. */
export function createStoreLog() {
  const lines: StoreLogLine[] = []
  const put =
    (level: keyof Logger) =>
    (code: string, details = {}) =>
      void lines.push({ level, code, details })
  const logger: Logger = { debug: put('debug'), info: put('info'), warn: put('warn'), error: put('error') }
  return {
    lines,
    logger,
    /** Returns the lines that a default logger prints. */
    printed: () => lines.filter(({ level }) => level === 'warn' || level === 'error'),
    /** Returns the codes of a level, in order. */
    codes: (level: keyof Logger) => lines.filter((line) => line.level === level).map(({ code }) => code),
  }
}
