import { constants, generateKeyPairSync } from 'node:crypto'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createKeySource, createTokenVerifier, type KeySource } from '../../adapters/jose/index.ts'
import { AuthError, isAuthError, type AuthErrorCode } from '../../machines/auth-error.ts'
import { BearerToken } from '../../machines/bearer-token.ts'
import {
  encode,
  foreignKey,
  goodClaims,
  goodHeader,
  issuer,
  jwks,
  kid,
  mint,
  mintHmac,
  mintWith,
  nowMs,
  nowSeconds,
  party,
  signingKey,
  tamper,
  toPem,
} from './token-factory.ts'

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ecJwk = { ...ec.publicKey.export({ format: 'jwk' }), kid: 'ec', alg: 'ES256', use: 'sig' }
const pss = { key: signingKey.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
const spkiDer = signingKey.publicKey.export({ type: 'spki', format: 'der' })
const pkcs1Pem = signingKey.publicKey.export({ type: 'pkcs1', format: 'pem' })
const duplicate = (members: object, extra: string) => `${JSON.stringify(members).slice(0, -1)},${extra}}`
const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const bom = (members: object) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(JSON.stringify(members))])
const badUtf8 = (members: object) =>
  Buffer.concat([Buffer.from(JSON.stringify(members).slice(0, -2)), Buffer.from([0xff, 0x22, 0x7d])])

/** Flips the unused low bits of a last base64url character. The bytes are the same, and the text is another. */
function withStrayBits(segment: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(segment.at(-1)!)
  expect(segment.length % 4, 'has unused bits').toBeGreaterThan(1)
  return segment.slice(0, -1) + alphabet[last ^ 1]
}

/**
 * Every hostile token that a server may receive, and the code that refuses it. To add one: name, token, code.
 * A token that is refused for its form or algorithm must not even cause a look-up of a key.
 */
const hostile: [name: string, token: unknown, code: AuthErrorCode][] = [
  ['alg none, no signature', `${encode({ ...goodHeader, alg: 'none' })}.${encode(goodClaims)}.`, 'token-algorithm'],
  ['alg None', `${encode({ ...goodHeader, alg: 'None' })}.${encode(goodClaims)}.AA`, 'token-algorithm'],
  ['alg nOnE', mint({ header: { alg: 'nOnE' } }), 'token-algorithm'],
  ['alg missing', mint({ header: { alg: undefined } }), 'token-algorithm'],
  ['alg empty', mint({ header: { alg: '' } }), 'token-algorithm'],
  ['alg rs256 in lower case', mint({ header: { alg: 'rs256' } }), 'token-algorithm'],
  ['alg a number', mint({ header: { alg: 256 } }), 'token-malformed'],
  ['alg null', mint({ header: { alg: null } }), 'token-malformed'],
  ['alg a list', mint({ header: { alg: ['RS256'] } }), 'token-malformed'],
  ['HS256 keyed with the public key, SPKI PEM', mintHmac(toPem(signingKey)), 'token-algorithm'],
  [
    'HS256 keyed with the public key, PEM without its last line break',
    mintHmac(toPem(signingKey).trim()),
    'token-algorithm',
  ],
  ['HS256 keyed with the public key, PKCS#1 PEM', mintHmac(pkcs1Pem), 'token-algorithm'],
  ['HS256 keyed with the public key, DER', mintHmac(spkiDer), 'token-algorithm'],
  ['HS256 keyed with the public key, JWK', mintHmac(JSON.stringify(jwks.keys[0])), 'token-algorithm'],
  ['HS256 keyed with the modulus', mintHmac(Buffer.from(jwks.keys[0]!.n!, 'base64url')), 'token-algorithm'],
  ['HMAC passed off as RS256', mintHmac(toPem(signingKey), 'RS256'), 'token-malformed'],
  ['a signature of zeros', tamper(([h, p]) => [h, p, 'A'.repeat(342)]), 'token-signature'],
  [
    'a signature of another token',
    tamper(([h, p]) => [h, p, mint({ claims: { sub: 'user_2' } }).split('.')[2]!]),
    'token-signature',
  ],
  [
    'another payload under a good signature',
    tamper(([h, , s]) => [h, encode({ ...goodClaims, sub: 'user_2' }), s]),
    'token-signature',
  ],
  ['RS384 with the right key', mintWith('RS384', 'sha384', signingKey.privateKey), 'token-algorithm'],
  ['RS512 with the right key', mintWith('RS512', 'sha512', signingKey.privateKey), 'token-algorithm'],
  ['PS256 with the right key', mintWith('PS256', 'sha256', pss), 'token-algorithm'],
  ['PS256 passed off as RS256', mintWith('RS256', 'sha256', pss), 'token-signature'],
  [
    'ES256 with a published key',
    mintWith('ES256', 'sha256', { key: ec.privateKey, dsaEncoding: 'ieee-p1363' }),
    'token-algorithm',
  ],
  ['SHA-384 passed off as RS256', mintWith('RS256', 'sha384', signingKey.privateKey), 'token-signature'],

  ['kid missing', mint({ header: { kid: undefined } }), 'key-not-found'],
  ['kid empty', mint({ header: { kid: '' } }), 'key-not-found'],
  ['kid a number', mint({ header: { kid: 1 } }), 'key-not-found'],
  ['kid null', mint({ header: { kid: null } }), 'key-not-found'],
  ['kid of 257 characters', mint({ header: { kid: 'k'.repeat(257) } }), 'key-not-found'],
  ['kid unknown', mint({ header: { kid: 'ins_other' } }), 'key-not-found'],
  ['kid of a key that RS256 cannot use', mint({ header: { kid: 'ec' } }), 'key-not-found'],
  ['kid __proto__', mint({ header: { kid: '__proto__' } }), 'key-not-found'],
  ['kid constructor', mint({ header: { kid: 'constructor' } }), 'key-not-found'],
  ['kid a path', mint({ header: { kid: '../../../../dev/null' } }), 'key-not-found'],
  ['kid with line breaks', mint({ header: { kid: 'a\r\nevent: view\u2028<b>' } }), 'key-not-found'],

  ['another instance’s key under the same kid', mint({ key: foreignKey }), 'token-signature'],
  [
    'signed by the key it carries as jwk',
    mint({ key: foreignKey, header: { jwk: foreignKey.publicKey.export({ format: 'jwk' }) } }),
    'token-signature',
  ],
  [
    'signed by a key behind its jku',
    mint({ key: foreignKey, header: { jku: 'https://evil.example/jwks.json' } }),
    'token-signature',
  ],
  [
    'signed by a key behind its x5u',
    mint({ key: foreignKey, header: { x5u: 'https://evil.example/cert.pem' } }),
    'token-signature',
  ],
  [
    'signed by a key in its x5c',
    mint({ key: foreignKey, header: { x5c: [spkiDer.toString('base64')] } }),
    'token-signature',
  ],
  ['crit with an unknown extension', mint({ header: { crit: ['exp'] } }), 'token-malformed'],
  ['crit empty', mint({ header: { crit: [] } }), 'token-malformed'],
  ['b64 false', mint({ header: { b64: false, crit: ['b64'] } }), 'token-malformed'],
  ['b64 true', mint({ header: { b64: true } }), 'token-malformed'],
  ['typ at+jwt', mint({ header: { typ: 'at+jwt' } }), 'token-type'],
  ['typ a list', mint({ header: { typ: ['JWT'] } }), 'token-type'],
  ['cat of a JWT template', mint({ header: { cat: 'cl_B7d4PD222AAA' } }), 'token-type'],
  ['cat of a machine token', mint({ header: { cat: 'cl_B7d4PD333AAA' } }), 'token-type'],
  ['cat null', mint({ header: { cat: null } }), 'token-type'],
  [
    'a handshake token',
    mint({ rawPayload: { handshake: ['__session=x'], exp: goodClaims.exp, nbf: goodClaims.nbf } }),
    'token-claims',
  ],

  ['empty', '', 'token-malformed'],
  ['one segment', 'abc', 'token-malformed'],
  ['two segments', tamper(([header, payload]) => [header, payload]), 'token-malformed'],
  ['four segments', tamper((segments) => [...segments, 'AAAA']), 'token-malformed'],
  ['five segments (a JWE)', tamper((segments) => [...segments, 'AAAA', 'AAAA']), 'token-malformed'],
  ['only dots', '..', 'token-malformed'],
  ['empty header', tamper(([, payload, signature]) => ['', payload, signature]), 'token-malformed'],
  ['empty payload', mint({ rawPayload: '' }), 'token-malformed'],
  ['empty signature', tamper(([header, payload]) => [header, payload, '']), 'token-malformed'],
  ['truncated', mint().slice(0, -40), 'token-malformed'],
  ['truncated by one character', mint().slice(0, -1), 'token-malformed'],
  ['truncated in the payload', mint().slice(0, 200), 'token-malformed'],
  ['truncated to an impossible length', tamper(([h, p, s]) => [h, p, s.slice(0, 341)]), 'token-malformed'],
  ['leading white space', ` ${mint()}`, 'token-malformed'],
  ['trailing line break', `${mint()}\n`, 'token-malformed'],
  ['Bearer prefix', `Bearer ${mint()}`, 'token-malformed'],
  ['padding', tamper(([h, p, s]) => [h, p, `${s}==`]), 'token-malformed'],
  ['base64 instead of base64url', tamper(([h, p]) => [h, p, '+/+/']), 'token-malformed'],
  ['a character outside ASCII', tamper(([h, p, s]) => [h, p, `é${s}`]), 'token-malformed'],
  ['non-canonical bits in the signature', tamper(([h, p, s]) => [h, p, withStrayBits(s)]), 'token-malformed'],
  ['too large by one', `${mint()}${'A'.repeat(8_193 - mint().length)}`, 'token-too-large'],
  ['1 MB', 'a'.repeat(1_048_576), 'token-too-large'],
  ['100,000 dots', '.'.repeat(100_000), 'token-too-large'],

  ['header null', mint({ rawHeader: 'null' }), 'token-malformed'],
  ['header a list', mint({ rawHeader: '[]' }), 'token-malformed'],
  ['header a string', mint({ rawHeader: '"RS256"' }), 'token-malformed'],
  ['header not JSON', mint({ rawHeader: '{alg:RS256}' }), 'token-malformed'],
  ['header invalid UTF-8', mint({ rawHeader: badUtf8(goodHeader) }), 'token-malformed'],
  ['header with a byte order mark', mint({ rawHeader: bom(goodHeader) }), 'token-malformed'],
  ['header with alg twice', mint({ rawHeader: duplicate(goodHeader, '"alg":"RS256"') }), 'token-malformed'],
  [
    'header with alg twice, once escaped',
    mint({ rawHeader: duplicate(goodHeader, String.raw`"\u0061lg":"none"`) }),
    'token-malformed',
  ],
  [
    'header with __proto__',
    mint({ rawHeader: duplicate(goodHeader, '"__proto__":{"alg":"RS256"}') }),
    'token-malformed',
  ],
  ['payload null', mint({ rawPayload: 'null' }), 'token-malformed'],
  ['payload a list', mint({ rawPayload: '[{}]' }), 'token-malformed'],
  ['payload a string', mint({ rawPayload: '"sub"' }), 'token-malformed'],
  ['payload with text after it', mint({ rawPayload: `${JSON.stringify(goodClaims)}x` }), 'token-malformed'],
  ['payload invalid UTF-8', mint({ rawPayload: badUtf8(goodClaims) }), 'token-malformed'],
  ['payload with a byte order mark', mint({ rawPayload: bom(goodClaims) }), 'token-malformed'],
  ['payload with sub twice', mint({ rawPayload: duplicate(goodClaims, '"sub":"user_2"') }), 'token-malformed'],
  [
    'payload with sub twice, once escaped',
    mint({ rawPayload: duplicate(goodClaims, String.raw`"s\u0075b" : "user_2"`) }),
    'token-malformed',
  ],
  [
    'payload with a duplicate deep inside',
    mint({ rawPayload: duplicate(goodClaims, '"o":[{"a":{"id":1,"id":2}}]') }),
    'token-malformed',
  ],
  [
    'payload with __proto__',
    mint({ rawPayload: duplicate(goodClaims, '"__proto__":{"isAdmin":true}') }),
    'token-malformed',
  ],
  [
    'payload with __proto__ deep inside',
    mint({ rawPayload: duplicate(goodClaims, '"x":{"__proto__":{"isAdmin":true}}') }),
    'token-malformed',
  ],
  ['payload nested 33 deep', mint({ rawPayload: duplicate(goodClaims, `"x":${deep(32)}`) }), 'token-malformed'],
  ['payload nested 2,500 deep', mint({ rawPayload: duplicate(goodClaims, `"x":${deep(2_500)}`) }), 'token-malformed'],

  ['not a string: undefined', undefined, 'token-malformed'],
  ['not a string: null', null, 'token-malformed'],
  ['not a string: number', 42, 'token-malformed'],
  ['not a string: list', [mint()], 'token-malformed'],
  ['not a string: object', { token: mint() }, 'token-malformed'],
  ['not a string: String object', Object(mint()), 'token-malformed'],
  ['a BearerToken of junk', new BearerToken('junk'), 'token-malformed'],

  ['exp missing', mint({ claims: { exp: undefined } }), 'token-claims'],
  ['exp a string', mint({ claims: { exp: String(goodClaims.exp) } }), 'token-claims'],
  ['exp null', mint({ claims: { exp: null } }), 'token-claims'],
  ['exp a boolean', mint({ claims: { exp: true } }), 'token-claims'],
  [
    'exp infinite',
    mint({ rawPayload: JSON.stringify({ ...goodClaims, exp: 0 }).replace('"exp":0', '"exp":1e999') }),
    'token-claims',
  ],
  ['exp beyond all dates', mint({ claims: { exp: 8.64e12 + 1 } }), 'token-claims'],
  ['exp in milliseconds', mint({ claims: { exp: 1.8e15 } }), 'token-claims'],
  ['exp negative', mint({ claims: { exp: -1 } }), 'token-claims'],
  ['exp and the tolerance, to the second', mint({ claims: { exp: nowSeconds - 60 } }), 'token-expired'],
  ['expired long ago', mint({ claims: { exp: 1 } }), 'token-expired'],
  ['nbf missing', mint({ claims: { nbf: undefined } }), 'token-claims'],
  ['nbf a string', mint({ claims: { nbf: '0' } }), 'token-claims'],
  ['nbf null', mint({ claims: { nbf: null } }), 'token-claims'],
  [
    'nbf infinite',
    mint({ rawPayload: JSON.stringify({ ...goodClaims, nbf: 0 }).replace('"nbf":0', '"nbf":-1e999') }),
    'token-claims',
  ],
  ['nbf beyond the tolerance by a second', mint({ claims: { nbf: nowSeconds + 61 } }), 'token-not-active'],
  ['iat a string', mint({ claims: { iat: 'now' } }), 'token-claims'],
  ['iat null', mint({ claims: { iat: null } }), 'token-claims'],
  [
    'iat in the future beyond the tolerance by a second',
    mint({ claims: { iat: nowSeconds + 61 } }),
    'token-not-active',
  ],

  ['iss missing', mint({ claims: { iss: undefined } }), 'token-claims'],
  ['iss of another instance', mint({ claims: { iss: 'https://clerk.evil.test' } }), 'token-claims'],
  ['iss in another case', mint({ claims: { iss: issuer.toUpperCase() } }), 'token-claims'],
  ['iss with a trailing slash', mint({ claims: { iss: `${issuer}/` } }), 'token-claims'],
  ['iss as a prefix', mint({ claims: { iss: `${issuer}.evil.test` } }), 'token-claims'],
  ['iss a list', mint({ claims: { iss: [issuer] } }), 'token-claims'],
  ['azp missing', mint({ claims: { azp: undefined } }), 'token-claims'],
  ['azp null', mint({ claims: { azp: null } }), 'token-claims'],
  ['azp a list', mint({ claims: { azp: [party] } }), 'token-claims'],
  ['azp a suffix', mint({ claims: { azp: 'app.example.test' } }), 'token-claims'],
  ['azp a superstring', mint({ claims: { azp: `${party}.evil.test` } }), 'token-claims'],
  ['sub missing', mint({ claims: { sub: undefined } }), 'token-claims'],
  ['sub empty', mint({ claims: { sub: '' } }), 'token-claims'],
  ['sub null', mint({ claims: { sub: null } }), 'token-claims'],
  ['sub a number', mint({ claims: { sub: 1 } }), 'token-claims'],
  ['sub of 257 characters', mint({ claims: { sub: 'u'.repeat(257) } }), 'token-claims'],
  ['sid missing', mint({ claims: { sid: undefined } }), 'token-claims'],
  ['sid empty', mint({ claims: { sid: '' } }), 'token-claims'],
  ['sid a list', mint({ claims: { sid: ['sess_1'] } }), 'token-claims'],
  ['sts of an ended session', mint({ claims: { sts: 'ended' } }), 'token-claims'],
  ['sts a boolean', mint({ claims: { sts: true } }), 'token-claims'],
  ['o without an id', mint({ claims: { o: { rol: 'admin' } } }), 'token-claims'],
  ['o a string', mint({ claims: { o: 'org_1' } }), 'token-claims'],
  ['act without a sub', mint({ claims: { act: { iss: issuer } } }), 'token-claims'],
  ['act with an empty sub', mint({ claims: { act: { sub: '' } } }), 'token-claims'],
  ['act a string', mint({ claims: { act: 'user_agent' } }), 'token-claims'],
  ['act a list', mint({ claims: { act: [{ sub: 'user_agent' }] } }), 'token-claims'],
  ['org_id a number', mint({ claims: { org_id: 1 } }), 'token-claims'],
]

const formCodes = new Set<AuthErrorCode>(['token-malformed', 'token-too-large', 'token-algorithm', 'token-type'])

function createCounted() {
  const source = createKeySource({ jwks: { keys: [...jwks.keys, ecJwk] } }, { logger: {} })
  const lookUps: string[] = []
  const keys: KeySource = {
    ...source,
    getKey: (id) => {
      lookUps.push(id)
      return source.getKey(id)
    },
  }
  const verify = createTokenVerifier({
    keys,
    claims: { issuer, authorizedParties: [party] },
    clock: () => nowMs,
    logger: {},
  })
  return { verify, lookUps }
}

async function refusalOf(verified: Promise<unknown>): Promise<AuthError> {
  const error: unknown = await verified.then(
    () => new Error('the token was accepted'),
    (error: unknown) => error,
  )
  if (!isAuthError(error)) throw error
  return error
}

describe('a hostile token is refused', () => {
  beforeEach(() => {
    vi.stubEnv('NODE_ENV', 'production')
  })
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  it.each(hostile)('%s', async (_, token, code) => {
    const { verify, lookUps } = createCounted()
    const error = await refusalOf(verify(token))
    expect(error.code).toBe(code)
    expect(error).toBeInstanceOf(AuthError)
    expect(lookUps.length).toBeLessThanOrEqual(formCodes.has(code) ? 0 : 1)
    // The error contains neither the token, nor a part of it, nor its claims.
    const told = `${error.message} ${(error.cause as Error | undefined)?.message ?? ''}`
    expect(told).not.toMatch(/eyJ|user_|sess_|evil|example\.test|ins_|[\r\n\u2028<]/)
    expect({}).not.toHaveProperty('isAdmin')
  })

  it('names every row once', () => {
    expect(new Set(hostile.map(([name]) => name)).size).toBe(hostile.length)
  })
})

describe('the strict parse', () => {
  it('refuses a huge token in less than 0.1 ms', async () => {
    const { verify } = createCounted()
    for (const token of ['a'.repeat(1_048_576), '.'.repeat(100_000)]) {
      await refusalOf(verify(token))
      const rounds = 500
      // The test measures CPU time, so that other load on this machine does not count.
      const start = process.cpuUsage()
      for (let i = 0; i < rounds; i++) await refusalOf(verify(token))
      const { user, system } = process.cpuUsage(start)
      expect((user + system) / 1_000 / rounds).toBeLessThan(0.1)
    }
  })

  it('refuses every other text for the same token: one changed, added or missing character', async () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
    console.info(`seed ${seed} (SEED=${seed} repeats this run)`)
    const { verify } = createCounted()
    const good = mint()
    const character = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 })
    const position = fc.nat({ max: good.length - 1 })
    const change = fc.oneof(
      fc.tuple(position, character).map(([at, c]) => good.slice(0, at) + c + good.slice(at + 1)),
      fc.tuple(position, character).map(([at, c]) => good.slice(0, at) + c + good.slice(at)),
      position.map((at) => good.slice(0, at) + good.slice(at + 1)),
    )
    const property = fc.asyncProperty(change, async (token) => {
      fc.pre(token !== good)
      await refusalOf(verify(token))
    })
    await expect(fc.assert(property, { seed, numRuns: 2_000 })).resolves.toBeUndefined()
  })

  it('refuses any junk with an AuthError only', async () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
    console.info(`seed ${seed} (SEED=${seed} repeats this run)`)
    const { verify } = createCounted()
    const json = fc.json().map((text) => mint({ rawPayload: text }))
    const header = fc.json().map((text) => mint({ rawHeader: text }))
    const property = fc.asyncProperty(fc.oneof(fc.anything(), fc.string(), json, header), async (token) => {
      await refusalOf(verify(token))
    })
    await expect(fc.assert(property, { seed, numRuns: 500 })).resolves.toBeUndefined()
  })

  it('accepts the largest allowed token', async () => {
    const { verify } = createCounted()
    const room = (length: number) => mint({ claims: { pad: 'x'.repeat(length) } })
    let length = 0
    while (room(length + 1).length <= 8_192) length += Math.max(1, Math.floor((8_192 - room(length).length) / 2))
    expect(room(length).length).toBeGreaterThan(8_189)
    await expect(verify(room(length))).resolves.toMatchObject({ userId: 'user_1' })
  })

  it('accepts a legal but unusual header: no typ, no cat, jwk and jku that lead nowhere', async () => {
    const { verify } = createCounted()
    const header = { typ: undefined, cat: undefined, jwk: { kty: 'oct', k: 'AA' }, jku: 'https://evil.example' }
    await expect(verify(mint({ header }))).resolves.toMatchObject({ sessionId: 'sess_1' })
  })

  it('treats claims named like members of Object.prototype as plain claims', async () => {
    const { verify } = createCounted()
    const { claims } = await verify(mint({ claims: { constructor: 'x', toString: 1, nested: { hasOwnProperty: 2 } } }))
    expect(claims).toMatchObject({ constructor: 'x', toString: 1, nested: { hasOwnProperty: 2 } })
    expect(kid in claims).toBe(false)
  })
})
