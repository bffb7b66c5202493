/** One event of a stream, as the HTML standard's "server-sent events" dispatches it. */
export interface SseMessage {
  readonly event: string
  readonly data: string
}

export interface SseHandlers {
  readonly onMessage: (message: SseMessage) => void
  /** Receives the reconnection time that the server asks for, ms. */
  readonly onRetry: (delay: number) => void
}

/**
 * Creates a parser for `text/event-stream` (HTML standard, section 9.2.6), which accepts pieces that are cut anywhere.
 * The text decoder removes a byte order mark. The parser ignores `id`, because every view is complete and the stream
 * never resumes.
 */
export function createSseParser({ onMessage, onRetry }: SseHandlers): (text: string) => void {
  let rest = ''
  let event = ''
  let data: string[] = []

  const takeLine = (line: string) => {
    if (line === '') {
      if (data.length > 0) onMessage({ event: event || 'message', data: data.join('\n') })
      event = ''
      data = []
      return
    }
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    if (field === 'event') event = value
    else if (field === 'data') data.push(value)
    else if (field === 'retry' && /^\d+$/.test(value)) onRetry(Number(value))
  }

  return (text) => {
    // A CR at the very end may be the first half of a CRLF, so it waits for the next piece.
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    for (const line of lines) takeLine(line)
  }
}
