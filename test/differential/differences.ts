import { isUtf8 } from 'node:buffer'
import type { AuthErrorCode } from '../../machines/index.ts'
import type { VerifierOptions } from './generated-token.ts'

type Members = Readonly<Record<string, unknown>>

/** A token that was read as leniently as possible. */
export interface Reading {
  readonly token: unknown
  readonly text: string
  readonly bytes: readonly Buffer[]
  readonly header: Members
  readonly claims: Members
  /** Every object and list of both halves, including the halves themselves, with its depth. */
  readonly inside: readonly (readonly [value: object, depth: number])[]
  readonly options: VerifierOptions
}

/** One class of tokens on which the two verifiers differ. */
export interface Difference {
  readonly token: string
  readonly authchart: 'accepted' | 'pending' | AuthErrorCode
  /** `accepted`, or the reason that Clerk's error gives. */
  readonly verifyToken: string
  readonly reason: string
  readonly applies: (reading: Reading) => boolean
}

const dates = ['exp', 'nbf', 'iat'] as const
const numbers = ({ claims }: Reading) => dates.map((name) => claims[name]).filter((value) => typeof value === 'number')
const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isId = (value: unknown) => isText(value) && value.length <= 256
const isFraction = (value: unknown) => typeof value === 'number' && value % 1 !== 0
const isTextOrAbsent = (value: unknown) => value === undefined || typeof value === 'string'
const isBlank = (value: unknown) => [value].flat().every((item) => !item)

/**
 * Tells if a name occurs twice. It compares the colons outside strings with the members that remain after parsing.
 */
function hasDuplicateName(reading: Reading): boolean {
  const written = reading.bytes
    .map(
      (bytes) =>
        bytes
          .toString()
          .replaceAll(/"(?:[^"\\]|\\.)*"/gs, '')
          .split(':').length - 1,
    )
    .reduce((sum, count) => sum + count, 0)
  const kept = reading.inside
    .filter(([value]) => !Array.isArray(value))
    .reduce((sum, [value]) => sum + Object.keys(value).length, 0)
  return written > kept
}

function isOrganizationUnreadable({ claims }: Reading): boolean {
  const { o, org_id: orgId } = claims
  if (o === undefined || o === null) return orgId !== undefined && orgId !== null && !isText(orgId)
  if (typeof o !== 'object') return true
  const { id } = o as Members
  return id !== null && !isText(id)
}

/**
 * The classes in which `createTokenVerifier` and Clerk's `verifyToken` differ, with the same key, options and clock.
 * The order matters: a token of several classes counts for the first. docs/verification.md shows the same rows.
 */
export const differences: readonly Difference[] = [
  {
    token: 'not a string, but something whose `toString` gives one: `[token]`',
    authchart: 'token-malformed',
    verifyToken: 'accepted',
    reason: 'A JSON body can hold a list where a token should be; what is checked must be what was sent.',
    applies: ({ token }) => typeof token !== 'string',
  },
  {
    token: 'longer than 8,192 characters',
    authchart: 'token-too-large',
    verifyToken: 'accepted',
    reason: 'Size is judged before any work; a Clerk token has to fit a 4 KB cookie.',
    applies: ({ text }) => text.length > 8_192,
  },
  {
    token: 'base64url with `=` padding',
    authchart: 'token-malformed',
    verifyToken: 'accepted',
    reason: 'RFC 7515 §2 has no padding. One token must have one text, or a list of refused tokens can be bypassed.',
    applies: ({ text }) => text.includes('='),
  },
  {
    token: 'header or payload with a byte order mark or invalid UTF-8',
    authchart: 'token-malformed',
    verifyToken: 'accepted',
    reason: 'RFC 7515 §5.2 requires UTF-8; each decoder repairs invalid text in its own way.',
    applies: ({ bytes }) =>
      bytes.some((half) => !isUtf8(half) || half.subarray(0, 3).equals(Buffer.of(0xef, 0xbb, 0xbf))),
  },
  {
    token: 'a member name twice, at any depth',
    authchart: 'token-malformed',
    verifyToken: 'accepted',
    reason: 'RFC 7519 §4 allows a refusal; if the last one counted, two parsers could see two users.',
    applies: hasDuplicateName,
  },
  {
    token: 'a member named `__proto__`, at any depth',
    authchart: 'token-malformed',
    verifyToken: 'accepted',
    reason: 'Claims are handed to applications, which copy objects; no Clerk claim has that name.',
    applies: (reading) => reading.inside.some(([value]) => Object.hasOwn(value, '__proto__')),
  },
  {
    token: 'nested deeper than 32',
    authchart: 'token-malformed',
    verifyToken: 'accepted',
    reason: 'Code that walks the claims later should not run out of stack.',
    applies: (reading) => reading.inside.some(([, depth]) => depth > 32),
  },
  {
    token: 'a header with `crit` or `b64`',
    authchart: 'token-malformed',
    verifyToken: 'accepted',
    reason: 'RFC 7515 §4.1.11: a token is invalid if it needs an extension that the verifier does not understand.',
    applies: ({ header }) => 'crit' in header || 'b64' in header,
  },
  {
    token: '`cat` of a JWT template, or one that Clerk does not have',
    authchart: 'token-type',
    verifyToken: 'accepted',
    reason:
      'Only session tokens sign in (RFC 8725 §3.11), and tokens without a category: `verifyToken` refuses none but the machine one.',
    applies: ({ header: { cat } }) => cat !== undefined && cat !== 'cl_B7d4PD111AAA' && cat !== 'cl_I7d4PD111III',
  },
  {
    token: '`kid` missing, empty, not a string, or longer than 256',
    authchart: 'key-not-found',
    verifyToken: 'accepted',
    reason: 'Clerk names a key in every token; with a PEM key `verifyToken` does not look.',
    applies: ({ header: { kid } }) => !isId(kid),
  },
  {
    token: '`sub` empty or longer than 256',
    authchart: 'token-claims',
    verifyToken: 'accepted',
    reason: 'An application stores everything about a user under this id.',
    applies: ({ claims: { sub } }) => !isId(sub),
  },
  {
    token: '`sid` missing, empty, not a string, or longer than 256',
    authchart: 'token-claims',
    verifyToken: 'accepted',
    reason: 'Without a session there is nothing to sign out or revoke: handshake and machine tokens have none.',
    applies: ({ claims: { sid } }) => !isId(sid),
  },
  {
    token: '`sts` other than `active` and `pending`',
    authchart: 'token-claims',
    verifyToken: 'accepted',
    reason: 'An unknown status is no reason to sign somebody in.',
    applies: ({ claims: { sts } }) => sts !== undefined && sts !== 'active' && sts !== 'pending',
  },
  {
    token: 'an organization without a usable id',
    authchart: 'token-claims',
    verifyToken: 'accepted',
    reason: 'Its role would count for no organization, or for any.',
    applies: isOrganizationUnreadable,
  },
  {
    token: '`iss` or `azp` not a string, with no option to compare it to',
    authchart: 'token-claims',
    verifyToken: 'accepted',
    reason: 'RFC 7519 §4.1.1 requires a string; without the option, applications compare it themselves.',
    applies: ({ claims: { iss, azp } }) => !isTextOrAbsent(iss) || !isTextOrAbsent(azp),
  },
  {
    token: '`aud` missing or blank, with `audience` set',
    authchart: 'token-claims',
    verifyToken: 'accepted',
    reason: 'The option names the audience of a token, and a token without an audience does not match it.',
    applies: ({ claims: { aud }, options: { audience } }) => audience !== undefined && isBlank(aud),
  },
  {
    token: '`aud` of another type, or a list with such in it and no match, with `audience` set',
    authchart: 'token-claims',
    verifyToken: 'accepted',
    reason: 'A value that cannot be read does not match. `verifyToken` compares only a string or a list of strings.',
    applies: ({ claims: { aud }, options: { audience } }) =>
      audience !== undefined && ![aud].flat().some((item) => typeof item === 'string' && audience.includes(item)),
  },
  {
    token: '`nbf` missing',
    authchart: 'token-claims',
    verifyToken: 'accepted',
    reason: 'Every Clerk session token has it; a token without it is of another kind.',
    applies: ({ claims: { nbf } }) => nbf === undefined,
  },
  {
    token: 'a date that no `Date` can hold, such as `1e999`',
    authchart: 'token-claims',
    verifyToken: 'accepted',
    reason: 'It becomes an invalid `Date`, which is neither before nor after anything: a token that never expires.',
    applies: (reading) => numbers(reading).some((seconds) => Math.abs(seconds) > 8.64e12),
  },
  {
    token: 'a date before 1970',
    authchart: 'token-claims',
    verifyToken: 'accepted',
    reason: 'RFC 7519 §2 counts from 1970 on; no clock of Clerk’s says so.',
    applies: (reading) => numbers(reading).some((seconds) => seconds < 0),
  },
  {
    token: '`nbf` or `iat` a fraction of a second beyond the tolerance',
    authchart: 'token-not-active',
    verifyToken: 'accepted',
    reason: 'RFC 7519 §2 allows fractions, and here they count; `verifyToken` cuts them off.',
    applies: ({ claims: { nbf, iat } }) => isFraction(nbf) || isFraction(iat),
  },
  {
    token: '`exp` with a fraction of a second that is not over yet',
    authchart: 'accepted',
    verifyToken: 'token-expired',
    reason: 'Fractions count here too. This is the only class in which authchart accepts more, by less than a second.',
    applies: ({ claims: { exp } }) => isFraction(exp),
  },
  {
    token: '`sts` is `pending`',
    authchart: 'pending',
    verifyToken: 'accepted',
    reason:
      'The session has a task to finish first: verified, but signed out until then. `verifyToken` leaves that to you.',
    applies: ({ claims: { sts } }) => sts === 'pending',
  },
]
