import { createSingleKey } from '../jose/static-keys.ts'
import type { KeySource } from '../jose/key-source.ts'

/** The one key of `clerk.jwtKey`: no network. @throws TypeError where it is no public key; it never quotes it. */
export function createJwtKeySource(jwtKey: string): KeySource {
  try {
    return createSingleKey(jwtKey)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unusable'
    throw new TypeError(`createClerkKeys: clerk.jwtKey (CLERK_JWT_KEY) is ${reason}`, { cause })
  }
}
