import { AuthError } from '../../machines/auth-error.ts'
import { decodeBase64url } from './base64url.ts'
import { isKid } from './key-set.ts'
import { parseStrictJsonObject } from './strict-json.ts'

/** The header parameters that matter here. The rest, such as `jwk` and `jku`, is carried along and never used. */
export interface JwsHeader {
  /** The algorithm, which is always this one. */
  readonly alg: 'RS256'
  /** Id of the key that signed. */
  readonly kid?: string
  /** Type of the token; `JWT` if it is present. */
  readonly typ?: unknown
  /** Clerk's category of the token. */
  readonly cat?: unknown
  readonly [parameter: string]: unknown
}

/** A parsed compact JWS (RFC 7515 §7.1). Its signature is not checked yet. */
export interface ParsedJws {
  readonly compact: string
  readonly header: JwsHeader
  readonly payload: Uint8Array
  readonly signature: Uint8Array
}

/**
 * The longest token, in characters: twice the size of a Clerk token with the largest custom claims that its cookie can
 * hold (4 KB).
 */
export const maxTokenLength = 8_192
/**
 * The shortest signature, in bytes. A signature is as long as its key's modulus, and RS256 keys have 2048 bits or more
 * (RFC 7518 §3.3).
 */
const minSignatureLength = 256

const malformed = (detail: string) => new AuthError('token-malformed', `The token is not a compact JWS: ${detail}`)

/**
 * Returns the text of a token after a check of its type and length, which takes constant time.
 *
 * @throws AuthError `token-malformed`, `token-too-large`
 */
export function requireTokenText(token: unknown): string {
  if (typeof token !== 'string') throw malformed('not a string')
  if (token.length > maxTokenLength) throw new AuthError('token-too-large')
  return token
}

/**
 * Parses a compact JWS strictly, before any key is looked up and before any cryptography. Cheap checks come first.
 *
 * @param readHeader A reader of {@link createHeaderReader}, if many tokens with the same header are parsed.
 * @throws AuthError `token-too-large`, `token-malformed`, `token-algorithm` (only RS256 is allowed, RFC 8725 §3.1) or
 * `key-not-found` (an unusable `kid`). No message quotes the token.
 */
export function parseJws(token: unknown, readHeader = toHeader): ParsedJws {
  const compact = requireTokenText(token)
  const first = compact.indexOf('.')
  const second = compact.indexOf('.', first + 1)
  if (first < 1 || second === -1 || compact.includes('.', second + 1)) throw malformed('not three segments')
  const header = readHeader(compact.slice(0, first))
  const signature = decodeSegment(compact.slice(second + 1), 'signature')
  if (signature.length < minSignatureLength) throw malformed('its signature is cut short')
  return { compact, header, payload: decodeSegment(compact.slice(first + 1, second), 'payload'), signature }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * Creates a function that reads the first segment of a token and remembers the last good one, because tokens of one key
 * share it.
 */
export function createHeaderReader(): (segment: string) => JwsHeader {
  let known = ''
  let header: JwsHeader | undefined
  return (segment) => {
    if (header && segment === known) return header
    header = toHeader(segment)
    // The text is copied, because a part of a string would keep the whole string, which is the token, in memory.
    known = decoder.decode(encoder.encode(segment))
    return header
  }
}

/**
 * Parses a JSON header or payload.
 *
 * @throws AuthError `token-malformed`
 */
export function parseMembers(bytes: Uint8Array, part: 'header' | 'payload'): Readonly<Record<string, unknown>> {
  try {
    return parseStrictJsonObject(bytes)
  } catch (error) {
    throw malformed(`its ${part} is ${error instanceof Error ? error.message : 'unreadable'}`)
  }
}

function decodeSegment(segment: string, part: string): Uint8Array {
  const bytes = decodeBase64url(segment)
  if (!bytes) throw malformed(`its ${part} is not canonical base64url`)
  return bytes
}

function toHeader(segment: string): JwsHeader {
  const header = parseMembers(decodeSegment(segment, 'header'), 'header')
  const { alg, kid } = header
  if (alg !== undefined && typeof alg !== 'string') throw malformed('alg is not a string')
  if (alg !== 'RS256') throw new AuthError('token-algorithm')
  // The token demands an extension (RFC 7515 §4.1.11), and none is supported; `b64` is the only one in use (RFC 7797).
  if ('crit' in header || 'b64' in header) throw malformed('it demands a JWS extension')
  if (kid !== undefined && !isKid(kid)) throw new AuthError('key-not-found', 'The key id of the token is not usable')
  return header as unknown as JwsHeader
}
