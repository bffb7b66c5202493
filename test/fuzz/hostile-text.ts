import * as fc from 'fast-check'
import { encode, goodClaims, goodHeader, mint, tamper } from '../jose/token-factory.ts'

const pieces = [
  '',
  '.',
  '..',
  '=',
  '==',
  '%00',
  '\0',
  '\r\n',
  '\u2028',
  '\ufeff',
  '\ud800',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '${7*7}',
  '<script>',
  '../',
  'Bearer ',
  'null',
  'undefined',
  'NaN',
  '1e999',
  '-0',
  '{',
  '}',
  '[',
  ']',
  '"',
  '\\',
  '\\u0000',
  ',',
  ':',
  ';',
] as const

/** Any UTF-16 text, including lone surrogates. */
const utf16 = (maxLength: number) =>
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength }).map((units) => String.fromCharCode(...units))

/** Text with many of the characters that break parsers. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: fc.oneof(utf16(40), fc.string({ maxLength: 40 })), weight: 15 },
  { arbitrary: fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join('')), weight: 15 },
  { arbitrary: fc.base64String({ maxLength: 60 }), weight: 5 },
  {
    arbitrary: fc.tuple(fc.constantFrom(...pieces), fc.nat(20_000)).map(([piece, times]) => repeat(piece, times)),
    weight: 1,
  },
)

/** Repeats a piece up to a text of about 20 KB. */
const repeat = (piece: string, times: number) => piece.repeat(Math.floor(times / Math.max(1, piece.length)))

const keys = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'then',
    'toJSON',
    'type',
    'token',
  ),
  fc.string({ maxLength: 8 }),
)

/**
 * A JSON text that may have `__proto__` and duplicate names. It is built as text, because no JavaScript object can
 * hold them.
 */
export const hostileJson: fc.Arbitrary<string> = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', maxDepth: 4, withCrossShrink: true },
    fc.constantFrom('null', 'true', '0', '-0', '1e999', '""', '{}', '[]', '9007199254740993', '"\\ud800"'),
    utf16(12).map((text) => JSON.stringify(text)),
    fc.array(tie('json'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
    fc
      .array(fc.tuple(keys, tie('json')), { maxLength: 4 })
      .map((members) => `{${members.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`),
  ),
})).json

/** Really signed tokens, each with one good reason to be refused. They are cut and joined below. */
const material = [
  mint({ claims: { exp: 1 } }),
  mint({ claims: { sid: undefined } }),
  mint({ header: { kid: 'ins_other' } }),
  mint({ header: { alg: 'none' } }),
  mint({ rawPayload: '{"__proto__":{"isAdmin":true}}' }),
  tamper(([header, payload]) => [header, payload, 'A'.repeat(342)]),
]

const segments = fc.oneof(
  fc.constantFrom(...material.flatMap((token) => token.split('.'))),
  hostileJson.map(encode),
  hostileText.map(encode),
  hostileText,
)

const withOverlay = (base: object) => (json: string) =>
  `${JSON.stringify(base).slice(0, -1)},"x":${json},${json.slice(1, -1) || '"y":0'}}`

/** Texts that may be sent as a token. A server accepts none of them, but some get as far as the signature. */
export const hostileToken: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: fc.array(segments, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.')), weight: 4 },
  {
    arbitrary: fc
      .tuple(hostileJson, hostileJson)
      .map(([header, claims]) =>
        [encode(withOverlay(goodHeader)(header)), encode(withOverlay(goodClaims)(claims)), 'A'.repeat(342)].join('.'),
      ),
    weight: 3,
  },
  {
    arbitrary: fc
      .tuple(fc.constantFrom(...material), fc.nat(), hostileText, fc.nat(40))
      .map(
        ([token, at, text, gone]) => token.slice(0, at % token.length) + text + token.slice((at % token.length) + gone),
      ),
    weight: 2,
  },
  {
    arbitrary: fc
      .tuple(fc.constantFrom('alg', 'kid', 'typ', 'cat', 'crit', 'jwk'), fc.jsonValue({ maxDepth: 2 }), segments)
      .map(([name, value, payload]) => [encode({ ...goodHeader, [name]: value }), payload, 'A'.repeat(342)].join('.')),
    weight: 2,
  },
  { arbitrary: hostileText, weight: 1 },
)

/** The characters that a header value may have if an HTTP library makes it. */
export const toHeaderValue = (text: string): string => text.replaceAll(/[^\t\x20-\x7e\x80-\xff]|^[ \t]+|[ \t]+$/g, '')

/** A token with a real signature, so that the claims are reached. Half of the tokens have a single fault. */
export const signedToken: fc.Arbitrary<string> = fc.oneof(
  hostileJson.map((json) => mint({ rawPayload: json })),
  hostileJson.map((json) => mint({ rawPayload: withOverlay(goodClaims)(json) })),
  hostileJson.map((json) => mint({ rawHeader: withOverlay(goodHeader)(json) })),
  fc
    .record({ name: keys, json: hostileJson })
    .map(({ name, json }) =>
      mint({ rawPayload: `{${JSON.stringify(name)}:${json},${JSON.stringify(goodClaims).slice(1)}` }),
    ),
  fc
    .tuple(fc.constantFrom('sub', 'sid', 'iss', 'azp', 'exp', 'nbf', 'iat', 'sts', 'o'), fc.jsonValue({ maxDepth: 2 }))
    .map(([name, value]) => mint({ claims: { [name]: value } })),
)
