import type { NodeContext } from './node-context.ts'

const credentials = ['authorization', 'cookie'] as const

/**
 * Removes the credentials from a request. Node keeps the request in memory until it is answered, and a stream is
 * answered for as long as its client reads.
 */
export function forgetCredentials({ headers, rawHeaders }: NodeContext['req']): void {
  for (const name of credentials) headers[name] = undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (credentials.some((name) => name === rawHeaders[index]?.toLowerCase())) rawHeaders[index + 1] = ''
  }
}
