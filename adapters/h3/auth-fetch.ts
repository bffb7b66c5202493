import type { H3 } from 'h3'
import { isUnder } from './mounted-path.ts'

/** Answers a request, or resolves to `undefined` if its path is not under the base path. */
export type AuthFetch = (request: Request) => Promise<Response | undefined>

export function createAuthFetch(toApp: () => H3, basePath: string): AuthFetch {
  return async (request) => {
    const url: unknown = request?.url
    if (typeof url !== 'string' || !URL.canParse(url)) throw new TypeError('auth.fetch: request must be a Request')
    return isUnder(new URL(url).pathname, basePath) ? toApp().fetch(request) : undefined
  }
}
