import type { H3Event } from 'h3'

/** Node's own request and response behind an event, over HTTP/1.1 or HTTP/2. */
export type NodeContext = Required<NonNullable<NonNullable<H3Event['runtime']>['node']>>

/** @returns null if the event does not come from a Node server, or if its response is not known */
export function toNodeContext({ runtime }: H3Event): NodeContext | null {
  return runtime?.node?.res ? (runtime.node as NodeContext) : null
}

/**
 * True if the client has left before the answer. In this case the response does not emit `close` again, over HTTP/1.1
 * or HTTP/2.
 */
export const isClosed = ({ res }: NodeContext): boolean => ('stream' in res ? res.stream.destroyed : res.destroyed)
