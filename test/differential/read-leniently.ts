import type { Reading } from './differences.ts'
import type { VerifierOptions } from './generated-token.ts'

/** Reads a token as `verifyToken` does, and keeps the texts that it was read from. Null if it cannot be read. */
export function readLeniently(token: unknown, options: VerifierOptions): Reading | null {
  const text = String(token)
  const bytes = text
    .split('.')
    .slice(0, 2)
    .map((segment) => Buffer.from(segment, 'base64url'))
  try {
    const [header, claims] = bytes.map((half) => JSON.parse(new TextDecoder().decode(half)) as unknown)
    if (!isObject(header) || !isObject(claims)) return null
    return { token, text, bytes, header, claims, inside: [...toInside(header), ...toInside(claims)], options }
  } catch {
    return null
  }
}

function toInside(half: object): [value: object, depth: number][] {
  const found: [value: object, depth: number][] = [[half, 1]]
  for (const [value, depth] of found) {
    for (const member of Object.values(value) as unknown[]) {
      if (typeof member === 'object' && member !== null) found.push([member, depth + 1])
    }
  }
  return found
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
