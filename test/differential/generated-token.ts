import { sign } from 'node:crypto'
import * as fc from 'fast-check'
import {
  encode,
  foreignKey,
  goodClaims,
  goodHeader,
  issuer,
  kid,
  mint,
  nowMs,
  nowSeconds,
  party,
  signingKey,
} from '../jose/token-factory.ts'

/** The options of both verifiers. */
export interface VerifierOptions {
  readonly issuer?: string
  readonly authorizedParties?: string[]
  readonly audience?: string[]
  /** The clock tolerance in seconds. */
  readonly clockTolerance: number
}

type Half = 'header' | 'payload'
type Segment = 0 | 1 | 2

/**
 * One difference of a token from a valid one. Values are JSON texts, so that they can be texts that no JavaScript
 * value gives.
 */
export type Change =
  | { readonly set: Half; readonly name: string; readonly json: string | null }
  | { readonly again: Half; readonly name: string; readonly json: string; readonly isEscaped: boolean }
  /** A date at a limit. It is this many seconds from the clock, minus (-1) or plus (1) the tolerance. */
  | { readonly date: 'exp' | 'nbf' | 'iat'; readonly side: -1 | 0 | 1; readonly seconds: number }
  | { readonly text: Half; readonly how: 'bom' | 'bad utf-8' | 'spaced' | 'cut' | 'followed' }
  | { readonly whole: Half; readonly json: string }
  | { readonly segment: Segment; readonly how: 'padded' | 'stray bits' | 'line break' | 'plus' | 'empty' }
  | { readonly signature: 'foreign' | 'sha384' | 'sha512' | 'zeros' | 'cut' | 'of another' | 'longer' }
  | { readonly form: 'list' | 'String' | 'two' | 'four' | 'five' | 'prefixed' | 'line break' | 'null' | 'number' }

export interface GeneratedCase {
  readonly changes: readonly Change[]
  readonly options: VerifierOptions
  /** The clock, epoch ms. */
  readonly now: number
}

const long = (length: number) => JSON.stringify('x'.repeat(length))
const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
/** JSON of every type, for a member that should have one of them. */
const oddValues = ['null', 'true', '0', '""', '[]', '{}', '1e999', '"\\ud800"', long(257)]

const headerValues: Readonly<Record<string, readonly (string | null)[]>> = {
  alg: [null, '"none"', '"None"', '"rs256"', '"HS256"', '"RS384"', '"RS512"', '"PS256"', '["RS256"]', ...oddValues],
  kid: [null, '"ins_other"', `["${kid}"]`, '"__proto__"', '"a\\r\\nb"', ...oddValues],
  typ: [null, '"jwt"', '"at+jwt"', '["JWT"]', ...oddValues],
  cat: [null, '"cl_I7d4PD111III"', '"cl_B7d4PD222AAA"', '"cl_B7d4PD333AAA"', '"cl_b7d4pd111aaa"', ...oddValues],
  crit: ['["exp"]', '[]', 'null'],
  b64: ['false', 'true'],
  jwk: [JSON.stringify(foreignKey.publicKey.export({ format: 'jwk' }))],
  jku: ['"https://evil.example/jwks.json"'],
  x5c: ['["AA"]'],
}
const dateValues = ['-1e999', '-1', '8.64e12', '8640000000001', '1.8e15', '1e308', '"1800000000"', ...oddValues]
const payloadValues: Readonly<Record<string, readonly (string | null)[]>> = {
  sub: [null, '1', '["user_1"]', '"\\u2028<b>"', ...oddValues],
  sid: [null, '1', '["sess_1"]', ...oddValues],
  iss: [null, `"${issuer}/"`, `"${issuer.toUpperCase()}"`, `["${issuer}"]`, '"https://evil.test"', ...oddValues],
  azp: [null, `"${party}.evil.test"`, '"app.example.test"', `["${party}"]`, ...oddValues],
  aud: [null, '"evil"', '["evil"]', '["evil","api"]', '["evil",1]', '[["api"]]', '{"api":1}', '1', ...oddValues],
  exp: [null, ...dateValues],
  nbf: [null, ...dateValues],
  iat: [null, ...dateValues],
  sts: [null, '"pending"', '"ended"', '"Active"', ...oddValues],
  v: [null, '1', '"2"'],
  o: [null, '{"id":"org_1","rol":"admin"}', '{"rol":"admin"}', '{"id":1}', '"org_1"', '[]', '1', 'null'],
  org_id: ['"org_1"', '1', '""', 'null', '{}'],
  constructor: ['"x"', '{"prototype":{}}'],
  ['__proto__']: ['{"isAdmin":true}'],
  nested: [deep(10), deep(31), deep(32), deep(500), '[{"__proto__":1}]', '{"a":1,"a":2}', '"\\"a\\":1"'],
  pad: [long(5_000), long(5_600), long(7_000), long(200_000)],
}

const half = fc.constantFrom<Half>('header', 'payload')

function setOf(set: Half, values: typeof headerValues): fc.Arbitrary<Change> {
  const members = Object.entries(values).map(([name, texts]) =>
    fc
      .oneof({ arbitrary: fc.constantFrom(...texts), weight: 6 }, { arbitrary: fc.json({ maxDepth: 3 }), weight: 1 })
      .map((json) => ({ set, name, json })),
  )
  return fc.oneof(...members)
}

const again: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    again: fc.constant<Half>('header'),
    name: fc.constantFrom('alg', 'kid'),
    json: fc.constantFrom('"none"', '"RS256"', `"${kid}"`),
    isEscaped: fc.boolean(),
  }),
  fc.record({
    again: fc.constant<Half>('payload'),
    name: fc.constantFrom('sub', 'sid', 'exp', 'azp'),
    json: fc.constantFrom('"user_2"', String(nowSeconds + 30), `"${party}"`),
    isEscaped: fc.boolean(),
  }),
)

const date: fc.Arbitrary<Change> = fc.record({
  date: fc.constantFrom('exp', 'nbf', 'iat'),
  side: fc.constantFrom(-1, 0, 1),
  seconds: fc.oneof(
    fc.constantFrom(-1, -0.5, -0.001, 0, 0.001, 0.5, 0.999, 1),
    fc.double({ min: -2, max: 2, noNaN: true }),
    fc.integer({ min: -4_000, max: 4_000 }),
  ),
})

/** Cases that would be too rare by chance alone. */
const rare = fc.constantFrom<Change>(
  { set: 'payload', name: 'nbf', json: null },
  { set: 'payload', name: 'aud', json: null },
  { set: 'payload', name: 'aud', json: '["evil",1]' },
  { set: 'payload', name: 'sub', json: '""' },
  { set: 'payload', name: 'sts', json: '"pending"' },
  { set: 'payload', name: 'nbf', json: '-1' },
  { set: 'payload', name: 'iat', json: '-0.5' },
  { set: 'payload', name: 'nested', json: deep(32) },
  { set: 'payload', name: 'pad', json: long(5_700) },
  { segment: 2, how: 'padded' },
  { form: 'list' },
  { date: 'exp', side: -1, seconds: 0.999 },
  { date: 'nbf', side: 1, seconds: 0.999 },
)

const change: fc.Arbitrary<Change> = fc.oneof(
  { arbitrary: rare, weight: 6 },
  { arbitrary: setOf('payload', payloadValues), weight: 10 },
  { arbitrary: setOf('header', headerValues), weight: 6 },
  { arbitrary: date, weight: 6 },
  { arbitrary: again, weight: 1 },
  {
    arbitrary: fc.record({ text: half, how: fc.constantFrom('bom', 'bad utf-8', 'spaced', 'cut', 'followed') }),
    weight: 2,
  },
  { arbitrary: fc.record({ whole: half, json: fc.constantFrom('null', '[]', '"x"', '1', '') }), weight: 1 },
  {
    arbitrary: fc.record({
      segment: fc.constantFrom<Segment>(0, 1, 2),
      how: fc.constantFrom('padded', 'stray bits', 'line break', 'plus', 'empty'),
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      signature: fc.constantFrom('foreign', 'sha384', 'sha512', 'zeros', 'cut', 'of another', 'longer'),
    }),
    weight: 1,
  },
  {
    arbitrary: fc.record({
      form: fc.constantFrom('list', 'String', 'two', 'four', 'five', 'prefixed', 'line break', 'null', 'number'),
    }),
    weight: 1,
  },
)

/** Most cases have one change, so that most tokens are refused or accepted for one reason. */
export const generatedCase: fc.Arbitrary<GeneratedCase> = fc.record({
  changes: fc.oneof(
    { arbitrary: fc.tuple(change), weight: 6 },
    { arbitrary: fc.array(change, { maxLength: 4 }), weight: 2 },
  ),
  options: fc.record({
    issuer: fc.constantFrom(issuer, undefined),
    authorizedParties: fc.constantFrom([party, 'https://other.example.test'], undefined),
    audience: fc.constantFrom(['api', 'admin'], undefined),
    clockTolerance: fc.constantFrom(0, 5, 60, 3_600),
  }),
  now: fc.integer({ min: nowMs, max: nowMs + 999 }),
})

type Members = [name: string, json: string][]

const toMembers = (value: object): Members =>
  Object.entries(value).map(([name, member]) => [JSON.stringify(name), JSON.stringify(member)])
const toJson = (members: Members) => `{${members.map(([name, json]) => `${name}:${json}`).join(',')}}`
const escapeFirst = (name: string) => `"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}"`

function setMember(members: Members, name: string, json: string | null) {
  const key = JSON.stringify(name)
  const at = members.findIndex(([other]) => other === key)
  if (json === null) {
    if (at !== -1) members.splice(at, 1)
  } else if (at === -1) members.push([key, json])
  else members[at] = [key, json]
}

function toBytes(members: Members, part: Half, changes: readonly Change[]): Buffer {
  let bytes = Buffer.from(toJson(members))
  for (const change of changes) {
    if ('whole' in change && change.whole === part) bytes = Buffer.from(change.json)
    if (!('text' in change) || change.text !== part) continue
    if (change.how === 'bom') bytes = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes])
    if (change.how === 'bad utf-8') {
      bytes = Buffer.concat([bytes.subarray(0, -1), Buffer.from(',"x":"\xff"}', 'latin1')])
    }
    if (change.how === 'spaced') bytes = Buffer.concat([Buffer.from(' \n'), bytes, Buffer.from('\t')])
    if (change.how === 'cut') bytes = bytes.subarray(0, -2)
    if (change.how === 'followed') bytes = Buffer.concat([bytes, Buffer.from('x')])
  }
  return bytes
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

function toSegment(text: string, at: Segment, changes: readonly Change[]): string {
  let segment = text
  for (const change of changes) {
    if (!('segment' in change) || change.segment !== at) continue
    if (change.how === 'padded') segment = segment.padEnd(Math.ceil(segment.length / 4) * 4, '=')
    if (change.how === 'line break') segment = `${segment.slice(0, 10)}\n${segment.slice(10)}`
    if (change.how === 'plus') segment = segment.replaceAll('-', '+').replaceAll('_', '/')
    if (change.how === 'empty') segment = ''
    // The unused low bits of the last character change: the bytes are the same, and the text is another.
    if (change.how === 'stray bits' && segment.length % 4 > 1) {
      segment = segment.slice(0, -1) + alphabet[alphabet.indexOf(segment.at(-1) ?? 'A') ^ 1]
    }
  }
  return segment
}

const another = Buffer.from(mint({ claims: { sub: 'user_2' } }).split('.')[2] ?? '', 'base64url')

function toSignature(input: string, changes: readonly Change[]): Buffer {
  const how = changes.find((change) => 'signature' in change)?.signature
  const hash = how === 'sha384' || how === 'sha512' ? how : 'sha256'
  const key = how === 'foreign' ? foreignKey : signingKey
  if (how === 'zeros') return Buffer.alloc(256)
  if (how === 'of another') return another
  const signature = sign(hash, Buffer.from(input), key.privateKey)
  if (how === 'cut') return signature.subarray(0, 255)
  return how === 'longer' ? Buffer.concat([signature, Buffer.alloc(1)]) : signature
}

function toForm(token: string, changes: readonly Change[]): unknown {
  const form = changes.find((change) => 'form' in change)?.form
  const forms = {
    list: [token],
    String: Object(token) as unknown,
    two: token.slice(0, token.lastIndexOf('.')),
    four: `${token}.AAAA`,
    five: `${token}.AAAA.AAAA`,
    prefixed: `Bearer ${token}`,
    'line break': `${token}\n`,
    null: null,
    number: 42,
  }
  return form === undefined ? token : forms[form]
}

/** Builds the token of a case with a real signature over its final content. */
export function toToken({ changes, options, now }: GeneratedCase): unknown {
  const members = { header: toMembers(goodHeader), payload: toMembers({ ...goodClaims, aud: 'api' }) }
  const clock = Math.floor(now / 1_000)
  for (const change of changes) {
    if ('set' in change) setMember(members[change.set], change.name, change.json)
    if ('date' in change) {
      const seconds = clock + change.side * options.clockTolerance + change.seconds
      setMember(members.payload, change.date, String(seconds))
    }
    if ('again' in change) {
      const name = change.isEscaped ? escapeFirst(change.name) : JSON.stringify(change.name)
      members[change.again].unshift([name, change.json])
    }
  }
  const header = toSegment(encode(toBytes(members.header, 'header', changes)), 0, changes)
  const payload = toSegment(encode(toBytes(members.payload, 'payload', changes)), 1, changes)
  const input = `${header}.${payload}`
  const signature = toSegment(toSignature(input, changes).toString('base64url'), 2, changes)
  return toForm(`${input}.${signature}`, changes)
}
