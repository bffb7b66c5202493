import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'

/** The time of every test here. It is a whole second. */
export const nowSeconds = 1_800_000_000
export const nowMs = nowSeconds * 1_000
export const kid = 'ins_2abc'
export const issuer = 'https://clerk.example.test'
export const party = 'https://app.example.test'

export interface SigningKey {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export const createSigningKey = (modulusLength = 2_048, publicExponent = 65_537): SigningKey =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent })

export const signingKey = createSigningKey()
/** The key of another Clerk instance. */
export const foreignKey = createSigningKey()

export const toJwk = ({ publicKey }: SigningKey, members: object = {}) => ({
  ...publicKey.export({ format: 'jwk' }),
  kid,
  use: 'sig',
  alg: 'RS256',
  ...members,
})
export const toPem = ({ publicKey }: SigningKey) => String(publicKey.export({ type: 'spki', format: 'pem' }))
export const jwks = { keys: [toJwk(signingKey)] }

export const goodHeader = { alg: 'RS256', kid, typ: 'JWT', cat: 'cl_B7d4PD111AAA' }
export const goodClaims = {
  sub: 'user_1',
  sid: 'sess_1',
  iss: issuer,
  azp: party,
  iat: nowSeconds,
  nbf: nowSeconds - 10,
  exp: nowSeconds + 60,
  sts: 'active',
  v: 2,
}

type Part = object | string | Uint8Array
export const encode = (part: Part): string =>
  Buffer.from(typeof part === 'string' || part instanceof Uint8Array ? part : JSON.stringify(part)).toString(
    'base64url',
  )

/** Makes a token with a real signature and any header and payload, well-formed or not. */
export function mint({
  header = {},
  claims = {},
  rawHeader,
  rawPayload,
  key = signingKey,
}: {
  /** Header fields that override the valid ones. `undefined` removes a field. */
  header?: Record<string, unknown>
  claims?: Record<string, unknown>
  /** Replaces the whole part. */
  rawHeader?: Part
  rawPayload?: Part
  key?: SigningKey
} = {}): string {
  const input = `${encode(rawHeader ?? { ...goodHeader, ...header })}.${encode(rawPayload ?? { ...goodClaims, ...claims })}`
  return `${input}.${sign('sha256', Buffer.from(input), key.privateKey).toString('base64url')}`
}

/** Makes a token "signed" by HS256 with a secret that an attacker may choose. */
export function mintHmac(secret: string | Uint8Array, alg = 'HS256'): string {
  const input = `${encode({ ...goodHeader, alg })}.${encode(goodClaims)}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

/** Makes a token with a real signature by another algorithm and the right key for it. */
export function mintWith(alg: string, hash: string, key: Parameters<typeof sign>[2]): string {
  const input = `${encode({ ...goodHeader, alg })}.${encode(goodClaims)}`
  return `${input}.${sign(hash, Buffer.from(input), key).toString('base64url')}`
}

/** Makes a valid token whose segments are changed after the signature. */
export function tamper(change: (segments: [string, string, string]) => readonly string[], token = mint()): string {
  return change(token.split('.') as [string, string, string]).join('.')
}
