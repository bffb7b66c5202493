import { nodeCrypto } from './node-crypto.ts'
import type { PublicKey } from './public-key.ts'
import type { Proof } from './session-claims.ts'
import { createTokenMarks } from './token-marks.ts'

/** That a token's signature verified, and with which key. */
export interface RememberedProof {
  readonly kid: string
  readonly key: PublicKey
  readonly proof: Proof
}

/**
 * Which tokens verified. Most are shown once and never again, so that the first time leaves only a mark: no digest is
 * made, and nothing of what the token proves is kept. What is shown again is kept, by the SHA-256 digest of its text; the
 * text itself never is.
 */
export interface RememberedProofs {
  find(token: string): RememberedProof | undefined
  /** Forgets what has expired, and beyond the size what was asked for longest ago. */
  remember(token: string, proof: RememberedProof, now: number): void
  forgetAll(): void
}

/**
 * @param options.size How many at most; 0 for none.
 * @param options.tolerance Ms after its `exp` at which a token is no use any more.
 */
export function createRememberedProofs(options: {
  readonly size: number
  readonly tolerance: number
}): RememberedProofs {
  const { size, tolerance } = options
  // Only where it can be had at once: elsewhere a digest costs as much as it saves.
  const hash = nodeCrypto?.hash
  if (size === 0 || !hash) return { find: () => undefined, remember: () => {}, forgetAll: () => {} }

  const toDigest = (token: string) => hash('sha256', token, 'binary')
  const marks = createTokenMarks()
  // The one asked for longest ago comes first.
  const proofs = new Map<string, RememberedProof>()
  return {
    find(token) {
      if (!marks.has(token)) return undefined
      const digest = toDigest(token)
      const found = proofs.get(digest)
      if (!found) return undefined
      proofs.delete(digest)
      proofs.set(digest, found)
      return found
    },
    remember(token, proof, now) {
      if (!marks.add(token)) return
      for (const [oldest, { proof }] of proofs) {
        if (proofs.size < size && now < proof.session.expiresAt + tolerance) break
        proofs.delete(oldest)
      }
      proofs.set(toDigest(token), proof)
    },
    forgetAll() {
      marks.clear()
      proofs.clear()
    },
  }
}
