import type { VerifiedSession } from '../../../machines/index.ts'
import { createProof } from '../auth-fixtures.ts'
import type { ClerkEmulator } from '../clerk-emulator/index.ts'
import type { ConformanceStep } from './conformance-step.ts'

/** Shifts the times of a model's verdict from the model's epoch to the system's. */
export const shift = (session: VerifiedSession, by: number): VerifiedSession => ({
  ...session,
  issuedAt: session.issuedAt + by,
  expiresAt: session.expiresAt + by,
})

/**
 * A real token of the emulator for which a check with the right key gives the result that the path wants: forged,
 * expired, or a proof of a user. Its `kid` is the token's id.
 *
 * @param by the difference from the model's epoch to the system's, ms
 * @param now the system's clock, epoch ms
 */
export function mintStepToken(
  clerk: ClerkEmulator,
  { id, verdicts }: Extract<ConformanceStep, { kind: 'token' }>,
  { by, now }: { readonly by: number; readonly now: number },
): string {
  const last = verdicts.at(-1)
  const issuedAt = last?.error?.code === 'token-expired' ? now - 3_600_000 : now
  const nobody = createProof({ userId: `user_${id}`, issuedAt })
  const { userId, sessionId, status, ...times } = last?.session ? shift(last.session, by) : nobody
  const iat = times.issuedAt / 1_000
  return clerk.mintToken({
    header: { kid: id },
    claims: { sub: userId, sid: sessionId, sts: status, iat, nbf: iat - 10, exp: times.expiresAt / 1_000 },
    key: last?.error?.code === 'token-signature' ? 'foreign' : 'current',
  })
}
