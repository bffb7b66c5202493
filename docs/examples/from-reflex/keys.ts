import { createKeySource, createTokenVerifier } from 'authchart/jose'

export function createVerifier(jwksUrl: string) {
  const keys = createKeySource({ jwksUrl }, { cooldown: 10_000, maxAge: 300_000, timeout: 4_000 })
  const verify = createTokenVerifier({ keys, claims: { issuer: 'https://clerk.example.test' } })
  return { verify, close: () => keys.close() }
}
