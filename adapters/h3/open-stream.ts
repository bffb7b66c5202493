import type { H3Event } from 'h3'
import { toNodeContext } from './node-context.ts'
import { NodeStreamBody } from './node-stream-body.ts'
import { sseHeaders, type OpenStreamOptions } from './sse-stream.ts'
import { toWebStream, type WhenGone } from './web-stream.ts'

/** Answers with an event stream, sent in the way that suits the server and the middleware in between. */
export function openStream(event: H3Event, options: OpenStreamOptions): unknown {
  const { req, res } = event
  res.status = 200
  res.statusText = 'OK'
  for (const [name, value] of Object.entries(sseHeaders)) res.headers.set(name, value)
  const node = toNodeContext(event)
  if (node) return new NodeStreamBody(options, node)
  return new Response(toWebStream(options, toWhenGone(req)))
}

/** Deno cancels the body when the client leaves, and logs a warning if code also reads the signal. */
function toWhenGone(request: Pick<Request, 'signal'>): WhenGone {
  if ('Deno' in globalThis) return () => {}
  const { signal } = request
  return (leave) => (signal?.aborted ? leave() : signal?.addEventListener('abort', leave, { once: true }))
}
