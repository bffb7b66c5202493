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
  /** Forgets what has expired, and beyond the size what is there longest and was not asked for since. */
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
  // To put what is asked for last each time would cost more than all the rest of a look-up but its digest.
  const proofs = new Map<string, { readonly proof: RememberedProof; isAsked: boolean }>()

  function makeRoom(now: number) {
    for (const [digest, kept] of proofs) {
      const isOver = now >= kept.proof.proof.session.expiresAt + tolerance
      if (proofs.size < size && !isOver) return
      proofs.delete(digest)
      if (kept.isAsked && !isOver) proofs.set(digest, { ...kept, isAsked: false })
    }
  }

  return {
    find(token) {
      if (!marks.has(token)) return undefined
      const found = proofs.get(toDigest(token))
      if (found) found.isAsked = true
      return found?.proof
    },
    remember(token, proof, now) {
      if (!marks.add(token)) return
      makeRoom(now)
      proofs.set(toDigest(token), { proof, isAsked: false })
    },
    forgetAll() {
      marks.clear()
      proofs.clear()
    },
  }
}
