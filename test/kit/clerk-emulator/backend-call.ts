import { getRouterParam, readBody, type H3Event } from 'h3'
import { ClerkFailure, respond } from './clerk-failure.ts'
import { jsonResponse } from './json-response.ts'

/** One call of the Backend API. Its secret key has already been checked. */
export interface BackendCall {
  readonly body: Record<string, unknown>
  readonly query: URLSearchParams
  param(name: string): string
  /** A list parameter, as `name=a&name=b`, `name[]=a` or `name=a,b`; empty if not given. */
  list(name: string): string[]
  /** The page of a list that `offset` (default 0) and `limit` (default 10, at most 500) ask for. */
  slice<T>(items: T[]): T[]
}

/** Makes an h3 handler of a Backend API route. The result of the route is sent as JSON. */
export function backendRoute(secretKey: string, route: (call: BackendCall) => unknown) {
  return (event: H3Event): Promise<Response> =>
    respond(async () => {
      if (event.req.headers.get('authorization') !== `Bearer ${secretKey}`)
        throw new ClerkFailure(401, 'clerk_key_invalid', 'The provided Clerk Secret Key is invalid.')
      return jsonResponse(await route(await openCall(event)))
    })
}

async function openCall(event: H3Event): Promise<BackendCall> {
  const query = event.url.searchParams
  return {
    body: (await readBody<Record<string, unknown>>(event)) ?? {},
    query,
    param: (name) => getRouterParam(event, name) ?? '',
    list: (name) => [...query.getAll(name), ...query.getAll(`${name}[]`)].flatMap((value) => value.split(',')),
    slice(items) {
      const offset = Number(query.get('offset') ?? 0)
      return items.slice(offset, offset + Math.min(Number(query.get('limit') ?? 10), 500))
    },
  }
}
