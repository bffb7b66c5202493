/**
 * A client that costs very little CPU, so that the bench measures the server. It sends prepared requests, and reads
 * only as much of the answers as it must.
 */
import { connect as connectSocket, type Socket } from 'node:net'

export interface Answer {
  readonly status: number
  readonly head: string
  readonly body: string
}

/** A keep-alive connection for one request at a time. */
export interface Connection {
  send(request: string): Promise<Answer>
  destroy(): void
}

/**
 * One client address has ports for about 28,000 connections to a server, so connections use eight addresses in turn.
 */
const addresses = 8
let opened = 0
/** The longest time until a first frame, ms. */
const patience = 120_000

async function open(port: number): Promise<Socket> {
  const localAddress = `127.0.0.${1 + (opened++ % addresses)}`
  const socket = connectSocket({ port, host: '127.0.0.1', localAddress, noDelay: true })
  socket.setEncoding('latin1')
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  return socket
}

/** Prepares the text of a request. `headers` are lines without line ends. */
export function toRequest(method: string, path: string, headers: readonly string[], body?: string): string {
  const length = body === undefined ? [] : ['content-type: application/json', `content-length: ${body.length}`]
  return [`${method} ${path} HTTP/1.1`, ...headers, ...length, '', body ?? ''].join('\r\n')
}

export async function connect(port: number): Promise<Connection> {
  const socket = await open(port)
  let text = ''
  let settle: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | null = null
  socket.on('data', (chunk: string) => {
    text += chunk
    const answer = readAnswer(text)
    if (!answer || !settle) return
    text = ''
    const { resolve } = settle
    settle = null
    resolve(answer)
  })
  socket.on('error', () => {})
  socket.once('close', () => settle?.reject(new Error('the server hung up')))
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        if (settle) throw new Error('one request at a time')
        if (socket.destroyed) throw new Error('the server hung up')
        settle = { resolve, reject }
        socket.write(request, 'latin1')
      }),
    destroy: () => socket.destroy(),
  }
}

/**
 * Reads an answer.
 *
 * @returns the answer, or null until it is complete
 */
function readAnswer(text: string): Answer | null {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return null
  const head = text.slice(0, end)
  const status = Number(head.slice(9, 12))
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  const rest = text.slice(end + 4)
  if (length !== undefined) return rest.length < Number(length) ? null : { status, head, body: rest }
  if (!/\r\ntransfer-encoding: chunked/i.test(head)) return { status, head, body: '' }
  return rest.endsWith('0\r\n\r\n') ? { status, head, body: rest.replaceAll(/(?:^|\r\n)[\da-f]+\r\n/g, '') } : null
}

/** Returns the name and value of the cookie that an answer sets. */
export const toCookie = (head: string): string | undefined => /\r\nset-cookie: ([^;\r]+)/i.exec(head)?.[1]

export interface Stream {
  /** The cookie that the server set, if any. */
  readonly cookie: string | undefined
  /** Resolves when a frame contains this text. Call it before you make the server send the frame. */
  seen(mark: string): Promise<void>
  destroy(): void
}

/** Opens an event stream. Resolves with its first frame. */
export async function openStream(port: number, request: string, onText?: (text: string) => void): Promise<Stream> {
  const socket = await open(port)
  let tail = ''
  let waiting: { mark: string; resolve: () => void } | null = null
  const look = (text: string) => {
    onText?.(text)
    if (!waiting) return
    // A frame may arrive in two pieces.
    tail += text
    if (!tail.includes(waiting.mark)) return
    const { resolve } = waiting
    waiting = null
    tail = ''
    resolve()
  }
  const head = await new Promise<string>((resolve, reject) => {
    let text = ''
    const read = (chunk: string) => {
      text += chunk
      if (!text.startsWith('HTTP/1.1 200')) return reject(new Error(`no stream: ${text.slice(0, 300)}`))
      if (!/event: ?view/.test(text)) return
      socket.off('data', read)
      socket.on('data', look)
      onText?.(text)
      resolve(text)
    }
    socket.on('data', read)
    socket.once('close', () => reject(new Error('the server hung up')))
    socket.on('error', reject)
    socket.setTimeout(patience, () => reject(new Error(`no frame came: ${text.slice(0, 300)}`)))
    socket.write(request, 'latin1')
  })
  socket.setTimeout(0)
  return {
    cookie: toCookie(head),
    seen: (mark) =>
      new Promise((resolve) => {
        tail = ''
        waiting = { mark, resolve }
      }),
    destroy: () => socket.destroy(),
  }
}
