import { connect } from 'node:net'

export interface RawAnswer {
  readonly status: number
  /** The head and the body as they were received. */
  readonly text: string
}

/** Sends exactly these header lines, as Latin-1 bytes, and reads until the server closes the connection. */
export function sendRawRequest(
  url: string,
  { method = 'GET', lines = [], body = '' }: { method?: string; lines?: readonly string[]; body?: string },
): Promise<RawAnswer> {
  const { hostname, port, pathname, search } = new URL(url)
  const head = [`${method} ${pathname}${search} HTTP/1.1`, 'Connection: close', ...lines, '', body].join('\r\n')
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(Number(port), hostname, () => socket.write(head, 'latin1'))
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => (text += String(chunk)))
    socket.once('error', reject)
    socket.once('close', () => resolve({ status: Number(text.split(' ', 2)[1]), text }))
  })
}
