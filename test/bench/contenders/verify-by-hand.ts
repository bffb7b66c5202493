import { createPublicKey, verify, type JsonWebKey } from 'node:crypto'
import type { ContenderOptions } from './contender.ts'
import type { PeerClaims } from './peer-view.ts'

const leeway = 60

/**
 * Creates a verifier that does the least for a session token: one algorithm, the key by its id, the signature and the
 * claims. It throws for a bad token.
 */
export function createVerifyByHand({ jwks, issuer, party }: ContenderOptions): (token: string) => PeerClaims {
  const keys = new Map(
    jwks.keys.map((jwk) => {
      const { kid } = jwk as { kid: string }
      return [kid, createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })] as const
    }),
  )

  return (token) => {
    const [header = '', payload = '', signature = ''] = token.split('.')
    const { alg, kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { alg: string; kid: string }
    const key = keys.get(kid)
    if (alg !== 'RS256' || !key) throw new Error('not a token of this app')
    const signed = Buffer.from(token.slice(0, header.length + 1 + payload.length))
    if (!verify('sha256', signed, key, Buffer.from(signature, 'base64url'))) throw new Error('forged')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as PeerClaims
    const now = Date.now() / 1_000
    const isTimely = now < claims.exp + leeway && now >= claims.nbf - leeway
    if (!isTimely || claims.iss !== issuer || claims.azp !== party) throw new Error('not valid here')
    return claims
  }
}
