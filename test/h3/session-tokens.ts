import { createSign, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto'

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Creates an RSA key pair like that of a Clerk instance, and signs session tokens with it. */
export function createSigner(kid = 'key-1') {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }
  return { kid, jwk, jwks: { keys: [jwk] }, mint: (claims?: object) => mintToken(privateKey, kid, claims) }
}

/** Makes a token of `user_a` and `sess_a`, issued now for a minute, unless `claims` say otherwise. */
export function mintToken(key: KeyObject, kid: string, claims: object = {}): string {
  const iat = Math.floor(Date.now() / 1_000)
  const payload = { sub: 'user_a', sid: 'sess_a', iat, nbf: iat - 10, exp: iat + 60, jti: randomUUID(), ...claims }
  const input = `${encode({ alg: 'RS256', kid, typ: 'JWT' })}.${encode(payload)}`
  return `${input}.${createSign('RSA-SHA256').update(input).sign(key).toString('base64url')}`
}
