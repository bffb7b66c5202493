import type { NodeContext } from './node-context.ts'

const credentials = ['authorization', 'cookie'] as const

/**
 * Removes what a request proved its sender with. Node keeps a request for as long as its answer takes, and a stream
 * takes for as long as somebody reads it.
 */
export function forgetCredentials({ headers, rawHeaders }: NodeContext['req']): void {
  for (const name of credentials) headers[name] = undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (credentials.some((name) => name === rawHeaders[index]?.toLowerCase())) rawHeaders[index + 1] = ''
  }
}
