import type { H3Event } from 'h3'

/** Node's own request and response behind an event, over HTTP/1.1 or HTTP/2. */
export type NodeContext = Required<NonNullable<NonNullable<H3Event['runtime']>['node']>>

/** @returns null where the event does not come from a server of Node, or its response is not known. */
export function toNodeContext({ runtime }: H3Event): NodeContext | null {
  return runtime?.node?.res ? (runtime.node as NodeContext) : null
}

/** True where the client has left before the answer. Neither kind of response emits `close` once more. */
export const isClosed = ({ res }: NodeContext): boolean => ('stream' in res ? res.stream.destroyed : res.destroyed)
