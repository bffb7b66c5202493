import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { H3 } from 'h3'
import { toMountedPath, toRoutePath, type MountedPath } from './mounted-path.ts'

type RawRequest = IncomingMessage | Http2ServerRequest
type RawResponse = ServerResponse | Http2ServerResponse

/** The request that Fastify gives a handler. */
export interface FastifyRequestLike {
  readonly raw: RawRequest
  readonly body?: unknown
  readonly server: { readonly prefix: string }
}

/** The reply that Fastify gives a handler. */
export interface FastifyReplyLike {
  readonly raw: RawResponse
  getHeaders(): Readonly<Record<string, number | string | string[] | undefined>>
  hijack(): unknown
}

/** Middleware for node:http, Connect and Express, and a handler for Fastify. */
export type NodeMiddleware = (
  req: RawRequest | FastifyRequestLike,
  res: RawResponse | FastifyReplyLike,
  next?: (error?: unknown) => void,
) => void

type Handle = (req: RawRequest, res: RawResponse) => unknown

/** A request in progress, from any of the frameworks. */
interface NodeCall {
  readonly req: RawRequest
  readonly res: RawResponse
  readonly mounted: MountedPath
  /** Prepares Node's request and response before h3 answers. */
  take(): void
}

export function createNodeMiddleware(toApp: () => H3, basePath: string): NodeMiddleware {
  let handle: Handle | undefined

  /** Loads `h3/node` on the first request, because it imports Node's servers, which not every runtime has. */
  async function loadHandle(): Promise<Handle> {
    const { toNodeHandler } = await import('h3/node')
    return (handle = toNodeHandler(toApp()))
  }

  return (from, to, next) => {
    const call = toCall(from, to)
    const path = toRoutePath(call.mounted, basePath)
    if (path === null && next) return next()
    call.take()
    const fail = (error: unknown) => (next ? next(error) : call.res.destroy())
    const run = (ready: Handle) => runAt(path, ready, call)
    if (!handle) return void loadHandle().then(run).catch(fail)
    try {
      run(handle)
    } catch (error) {
      fail(error)
    }
  }
}

/**
 * Sets the URL that h3 reads before its handler returns, and then restores the original, which later readers such as a
 * log expect.
 */
function runAt(path: string | null, handle: Handle, { req, res }: NodeCall) {
  const { url } = req
  if (path !== null) req.url = path
  try {
    handle(req, res)
  } finally {
    Object.assign(req, { url })
  }
}

function toCall(from: RawRequest | FastifyRequestLike, to: RawResponse | FastifyReplyLike): NodeCall {
  if (isObject(from) && isObject(to)) {
    if ('raw' in from && 'raw' in to) return toFastifyCall(from, to)
    if ('rawHeaders' in from && 'writeHead' in to)
      return { req: from, res: to, mounted: toMountedPath(from), take() {} }
  }
  throw new TypeError('auth.node: it must be given the request and the response of Node, Express or Fastify')
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null

function toFastifyCall({ raw: req, body, server: { prefix } }: FastifyRequestLike, reply: FastifyReplyLike): NodeCall {
  const { url = '/' } = req
  const { raw: res } = reply
  return {
    req,
    res,
    mounted: url.startsWith(prefix) ? { prefix, rest: url.slice(prefix.length) } : { prefix: '', rest: url },
    take() {
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) res.setHeader(name, value)
      // Fastify's parser does not leave the body in Node's request.
      if (body !== undefined && !('body' in req)) Object.assign(req, { body })
      reply.hijack()
    },
  }
}
