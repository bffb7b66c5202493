/**
 * Verification of Clerk session tokens, and where the signing keys come from.
 *
 * @module authchart/jose
 */

export { createTokenVerifier } from './token-verifier.ts'
export type { TokenVerifier, TokenVerifierOptions } from './token-verifier.ts'
export { verifyJws } from './verify-jws.ts'
export type { VerifiedJws } from './verify-jws.ts'
export type { JwsHeader } from './parse-jws.ts'
export type { ClaimsOptions } from './claims-options.ts'
export { createKeySource } from './create-key-source.ts'
export { createIssuerKeys } from './issuer-keys.ts'
export { isKeySource } from './key-source.ts'
export type { KeyOptions, KeySourceSettings } from './create-key-source.ts'
export type { KeySource } from './key-source.ts'
export type { ClockReading } from './clock-watch.ts'
export type { AnswerTime, FetchJwks, FetchJwksRequest } from './fetch-jwks.ts'
export type { Jwks } from './key-set.ts'
export type { PublicKey } from './public-key.ts'
