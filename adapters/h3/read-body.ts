import type { Readable } from 'node:stream'
import { assertBodySize, type H3Event } from 'h3'
import { AuthError } from '../../machines/auth-error.ts'
import type { Logger } from '../logger.ts'

/**
 * Reads the bodies of requests. It counts their bytes, because the declared length may be false. If a body parser has
 * already read a body, it takes what the parser left: `rawBody`, or else `body` of the Node request.
 */
export interface BodyReader {
  /**
   * Reads the value of a JSON body.
   * @throws AuthError `body-too-large`, with a cause if the body is half read, or `request-malformed`
   */
  readJson(event: H3Event, maxBytes: number): Promise<unknown>
  /**
   * Reads the text of a body as it was sent.
   * @throws AuthError as `readJson` does, and also if only a parsed value is left
   */
  readText(event: H3Event, maxBytes: number): Promise<string>
}

const valueRemedy = 'mount the app before the body parser, or leave what it has read in req.body or req.rawBody'
const textRemedy = 'its signature is over the bytes: mount the app before the body parser, or leave them in req.rawBody'

export function createBodyReader(logger: Logger): BodyReader {
  let isTold = false

  function refuse(remedy: string): never {
    // Logged once, because the reason is the same for every request.
    if (!isTold) logger.warn('body.read-before', { remedy })
    isTold = true
    const detail = `The request is malformed: its body was read before it came here; ${remedy}`
    throw new AuthError('request-malformed', detail)
  }

  function toJson({ body, wasRead }: Taken): unknown {
    const value = typeof body === 'string' ? parseJson(body) : body
    if (value !== undefined) return value
    if (wasRead) refuse(valueRemedy)
    throw new AuthError('request-malformed', 'The request is malformed: the body is not JSON')
  }

  return {
    readJson: (event, maxBytes) => take(event, maxBytes, toJson),
    readText: (event, maxBytes) =>
      take(event, maxBytes, ({ body }) => (typeof body === 'string' ? body : refuse(textRemedy))),
  }
}

interface Taken {
  /** The text, or the value that a parser has left. Undefined if the body was read and nothing is left. */
  readonly body: string | object | undefined
  readonly wasRead: boolean
}

/** Takes the body, and makes a value of it without a further wait. */
async function take<Value>(event: H3Event, maxBytes: number, toValue: (taken: Taken) => Value): Promise<Value> {
  // Checked before the body is read: Node then discards the unread body, and the connection can go on.
  if (Number(event.req.headers.get('content-length')) > maxBytes) throw new AuthError('body-too-large')
  const request = event.runtime?.node?.req as ParsedRequest | undefined
  const wasRead = request ? isRead(request) : event.req.bodyUsed
  const left = request && toLeft(request, wasRead)
  if (left !== undefined) return toValue({ body: toBody(left, maxBytes), wasRead })
  let body: string | undefined
  try {
    if (!hasBoundBody(event)) assertBodySize(event, maxBytes)
    const text = event.req.text()
    // Code before may have paused the body, while it was busy or because it began to read it. If it read a copy, all of
    // the body is still there.
    if (request?.isPaused()) request.resume()
    body = await text
  } catch (cause) {
    if (cause instanceof Error && 'status' in cause && cause.status === 413) {
      throw new AuthError('body-too-large', undefined, { cause })
    }
    if (!wasRead) throw new AuthError('request-malformed', undefined, { cause })
  }
  return toValue({ body, wasRead })
}

/** The fields that Express, Fastify and Cloud Functions add to Node's request. */
type ParsedRequest = Readable & { readonly rawBody?: unknown; readonly body?: unknown }

const isRead = ({ readableDidRead, readableEnded, destroyed }: Readable) =>
  readableDidRead || readableEnded || destroyed

function toLeft({ rawBody, body }: ParsedRequest, wasRead: boolean): string | object | undefined {
  if (typeof rawBody === 'string' || rawBody instanceof Uint8Array) return rawBody
  // Some parsers set an empty `body` on a request that they did not read.
  const isLeft = wasRead && (typeof body === 'string' || (typeof body === 'object' && body !== null))
  return isLeft ? body : undefined
}

/** Does not measure a parsed value, because each of its fields has a limit of its own. */
function toBody(left: string | object, maxBytes: number): string | object {
  if (typeof left !== 'string' && !(left instanceof Uint8Array)) return left
  if (Buffer.byteLength(left) > maxBytes) throw new AuthError('body-too-large')
  return typeof left === 'string' ? left : Buffer.from(left.buffer, left.byteOffset, left.byteLength).toString()
}

/**
 * @returns undefined if the text is not JSON. The error of the engine is dropped because it quotes the text, which may
 * hold a token.
 */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * True if Node's parser ends the body at its `Content-Length` (RFC 9112 §6.3), so that no stream is needed to count
 * bytes.
 */
function hasBoundBody({ req, runtime }: H3Event): boolean {
  return runtime?.node !== undefined && req.headers.has('content-length') && !req.headers.has('transfer-encoding')
}
