import { assertBodySize } from 'h3'
import type { H3Event } from 'h3'
import { AuthError } from '../../machines/auth-error.ts'

/**
 * Reads a body as text. Its bytes are counted, whatever its length claims to be.
 * @throws AuthError `body-too-large`, with a cause where it is half read, or `request-malformed`
 */
export async function readBody(event: H3Event, maxBytes: number): Promise<string> {
  // Before anything touches the body: Node reads off what nobody asked for, and the connection goes on.
  if (Number(event.req.headers.get('content-length')) > maxBytes) throw new AuthError('body-too-large')
  try {
    if (!hasBoundBody(event)) assertBodySize(event, maxBytes)
    return await event.req.text()
  } catch (cause) {
    const isTooLarge = cause instanceof Error && 'status' in cause && cause.status === 413
    throw new AuthError(isTooLarge ? 'body-too-large' : 'request-malformed', undefined, { cause })
  }
}

/** True where Node's parser ends the body at its `Content-Length` (RFC 9112 §6.3): counting costs a stream of its own. */
function hasBoundBody({ req, runtime }: H3Event): boolean {
  return runtime?.node !== undefined && req.headers.has('content-length') && !req.headers.has('transfer-encoding')
}
