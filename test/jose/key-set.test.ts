import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createKeySource, createTokenVerifier, type KeyOptions } from '../../adapters/jose/index.ts'
import { createSigningKey, foreignKey, jwks, kid, mint, nowMs, signingKey, toJwk, toPem } from './token-factory.ts'

const weakKey = createSigningKey(1_024)
const oddExponentKey = createSigningKey(2_048, 3)
const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pssKey = generateKeyPairSync('rsa-pss', { modulusLength: 2_048 })

const withZeroByte = (n: string) => Buffer.concat([Buffer.alloc(1), Buffer.from(n, 'base64url')]).toString('base64url')

function load(keys: readonly unknown[]) {
  const dropped: unknown[] = []
  const warn = (code: string, details?: object) => void dropped.push([code, details])
  const source = createKeySource({ jwks: { keys: keys as object[] } }, { logger: { warn } })
  return { source, dropped }
}

describe('a key set', () => {
  it.each<[string, object | null]>([
    ['a weak key', toJwk(weakKey, { kid: 'bad' })],
    ['an exponent of 3', toJwk(oddExponentKey, { kid: 'bad' })],
    ['an exponent of 1', toJwk(signingKey, { kid: 'bad', e: 'AQ' })],
    ['use enc', toJwk(signingKey, { kid: 'bad', use: 'enc' })],
    ['use null', toJwk(signingKey, { kid: 'bad', use: null })],
    ['alg RS512', toJwk(signingKey, { kid: 'bad', alg: 'RS512' })],
    ['alg PS256', toJwk(signingKey, { kid: 'bad', alg: 'PS256' })],
    ['key_ops without verify', toJwk(signingKey, { kid: 'bad', key_ops: ['encrypt'] })],
    ['kty EC', { ...ecKey.publicKey.export({ format: 'jwk' }), kid: 'bad' }],
    ['kty oct', { kty: 'oct', k: 'c2VjcmV0', kid: 'bad' }],
    ['no modulus', { kty: 'RSA', e: 'AQAB', kid: 'bad' }],
    ['a modulus that is no number', toJwk(signingKey, { kid: 'bad', n: '!' })],
    ['an empty kid', toJwk(signingKey, { kid: '' })],
    ['a kid that is a number', toJwk(signingKey, { kid: 7 })],
    ['null', null],
  ])('drops %s, with one warning, and keeps the rest', async (_, bad) => {
    const { source, dropped } = load([bad, toJwk(foreignKey, { kid: 'good' })])
    await expect(source.getKey('good')).resolves.toMatchObject({ type: 'public' })
    await expect(source.getKey('bad')).rejects.toMatchObject({ code: 'key-not-found' })
    expect(dropped).toEqual([['keys.dropped', expect.objectContaining({ reason: expect.any(String) })]])
  })

  it('drops all keys that share an id, rather than let the first or the last win', async () => {
    const { source, dropped } = load([
      toJwk(signingKey),
      toJwk(foreignKey),
      toJwk(signingKey),
      toJwk(signingKey, { kid: 'good' }),
    ])
    await expect(source.getKey(kid)).rejects.toMatchObject({ code: 'key-not-found' })
    await expect(source.getKey('good')).resolves.toBeTruthy()
    expect(dropped).toEqual([['keys.dropped', { kid, reason: 'shares its key id with another key' }]])
  })

  it('keeps a key that is listed more than once, as the same key', async () => {
    const { n, ...others } = toJwk(signingKey) as { n: string }
    const { source, dropped } = load([
      toJwk(signingKey),
      { ...others, n, alg: undefined, use: undefined, x5t: 'abc' },
      { ...others, n: withZeroByte(n) },
      toJwk(foreignKey, { kid: 'good' }),
    ])
    await expect(source.getKey(kid)).resolves.toMatchObject({ type: 'public' })
    await expect(source.getKey('good')).resolves.toMatchObject({ type: 'public' })
    expect(dropped).toEqual([])
  })

  it('drops the entry that may not be used of two with one id, and keeps the other', async () => {
    for (const bad of [toJwk(weakKey), toJwk(foreignKey, { use: 'enc' })]) {
      for (const keys of [
        [bad, toJwk(signingKey)],
        [toJwk(signingKey), bad],
      ]) {
        const { source, dropped } = load(keys)
        await expect(source.getKey(kid)).resolves.toMatchObject({ type: 'public' })
        expect(dropped).toHaveLength(1)
      }
    }
  })

  it.each<[string, (n: string) => string]>([
    ['with padding', (n) => `${n}==`],
    ['with a zero byte in front', withZeroByte],
  ])('accepts a modulus that is written %s as the same number', async (_, write) => {
    const { n, ...others } = toJwk(signingKey) as { n: string }
    const verify = createTokenVerifier({
      keys: { jwks: { keys: [{ ...others, n: write(n) }] } },
      clock: () => nowMs,
      logger: {},
    })
    await expect(verify(mint())).resolves.toMatchObject({ userId: 'user_1' })
  })

  it('drops a modulus in another alphabet than base64url, in every runtime alike', async () => {
    const { n } = toJwk(signingKey) as { n: string }
    for (const written of [`${n.slice(0, 9)}!${n.slice(9)}`, `${n}=a`, `\n${n}`]) {
      const { dropped } = load([toJwk(signingKey, { n: written }), toJwk(foreignKey, { kid: 'good' })])
      expect(dropped).toEqual([['keys.dropped', { kid, reason: 'not a readable RSA key' }]])
    }
  })

  it('accepts a key without alg and use', async () => {
    const { source, dropped } = load([toJwk(signingKey, { alg: undefined, use: undefined })])
    await expect(source.getKey(kid)).resolves.toBeTruthy()
    expect(dropped).toEqual([])
  })

  it('reads only the public part of a private key', async () => {
    const jwk = { ...signingKey.privateKey.export({ format: 'jwk' }), kid }
    await expect(load([jwk]).source.getKey(kid)).resolves.toMatchObject({ type: 'public' })
  })
})

describe('createKeySource', () => {
  it.each<[string, unknown]>([
    ['exactly one of', {}],
    ['exactly one of', undefined],
    ['exactly one of', { jwks, jwtKey: toPem(signingKey) }],
    ['keys.jwks', { jwks: { keys: [] } }],
    ['keys.jwks', { jwks: { keys: [toJwk(weakKey)] } }],
    ['keys.jwks', { jwks: { keys: [toJwk(signingKey, { kid: undefined })] } }],
    ['keys.jwks', { jwks: { keys: Array.from({ length: 101 }, (_, i) => toJwk(signingKey, { kid: `k${i}` })) } }],
    ['keys.jwks', { jwks: [] }],
    ['keys.jwks', { jwks: 'x' }],
    ['keys.jwtKey', { jwtKey: '' }],
    ['keys.jwtKey', { jwtKey: 42 }],
    ['keys.jwtKey', { jwtKey: '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----' }],
    ['keys.jwtKey', { jwtKey: toPem(weakKey) }],
    ['keys.jwtKey', { jwtKey: toPem(oddExponentKey) }],
    ['keys.jwtKey', { jwtKey: String(ecKey.publicKey.export({ type: 'spki', format: 'pem' })) }],
    ['keys.jwtKey', { jwtKey: String(pssKey.publicKey.export({ type: 'spki', format: 'pem' })) }],
    ['keys.jwtKey', { jwtKey: String(signingKey.privateKey.export({ type: 'pkcs8', format: 'pem' })) }],
    ['keys.jwksUrl', { jwksUrl: '/jwks.json' }],
    ['keys.jwksUrl', { jwksUrl: 'ftp://example.test/jwks.json' }],
    ['keys.jwksUrl', { jwksUrl: 'https://user:secret@example.test/jwks.json' }],
    ['keys.fetchJwks', { fetchJwks: 'https://example.test' }],
  ])('refuses at construction, naming %s', (name, options) => {
    expect(() => createKeySource(options as KeyOptions, { logger: {} })).toThrow(TypeError)
    expect(() => createKeySource(options as KeyOptions, { logger: {} })).toThrow(name)
  })

  it.each(['cooldown', 'maxAge', 'maxStale', 'timeout'] as const)('refuses a %s that is not more than 0 ms', (span) => {
    for (const value of [0, -1, Number.NaN, 'x' as never]) {
      expect(() => createKeySource({ jwksUrl: 'https://example.test' }, { [span]: value })).toThrow(span)
    }
  })

  it('warns of a key endpoint over plain http, unless it is this machine', () => {
    const warningsFor = (jwksUrl: string) => {
      const codes: string[] = []
      createKeySource({ jwksUrl }, { logger: { warn: (code) => codes.push(code) } })
      return codes
    }
    expect(warningsFor('http://keys.example.test/jwks.json')).toEqual(['keys.insecure'])
    expect(warningsFor('http://localhost.evil.test/jwks.json')).toEqual(['keys.insecure'])
    for (const host of ['localhost', 'clerk.localhost', '127.0.0.1', '[::1]']) {
      expect(warningsFor(`http://${host}:3000/jwks.json`)).toEqual([])
    }
  })
})
