import { jsonResponse } from './json-response.ts'

/** An answer in Clerk's error shape. A route throws it, and `respond` turns it into a response. */
export class ClerkFailure extends Error {
  override readonly name = 'ClerkFailure'
  readonly status: number
  readonly code: string
  readonly meta: Record<string, unknown>

  constructor(status: number, code: string, message: string, meta: Record<string, unknown> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.meta = meta
  }
}

/** The JSON body that Clerk sends with every error. */
export function failureBody(code: string, message: string, meta: Record<string, unknown> = {}) {
  return { errors: [{ code, message, long_message: message, meta }], clerk_trace_id: 'emulator' }
}

/** Runs a route and answers its `ClerkFailure` as Clerk would. Any other error is a bug and is thrown on. */
export async function respond(route: () => Promise<Response> | Response): Promise<Response> {
  try {
    return await route()
  } catch (error) {
    if (!(error instanceof ClerkFailure)) throw error
    return jsonResponse(failureBody(error.code, error.message, error.meta), error.status)
  }
}

export const notFound = (what: string) => new ClerkFailure(404, 'resource_not_found', `${what} not found`)

export const unauthenticated = () =>
  new ClerkFailure(401, 'authentication_invalid', 'Unable to authenticate the request: supply an active session.')

export const invalidParameter = (name: string, code: string, message: string) =>
  new ClerkFailure(422, code, message, { param_name: name })
