import { nodeCrypto } from './node-crypto.ts'
import type { PublicKey } from './public-key.ts'
import type { Proof } from './session-claims.ts'
import { createTokenMarks } from './token-marks.ts'

/** The fact that a token's signature verified, and the key that verified it. */
export interface RememberedProof {
  readonly kid: string
  readonly key: PublicKey
  readonly proof: Proof
}

/**
 * Remembers verified tokens. Most tokens are shown only once, so the first time leaves only a mark, without a digest
 * and without the proof. A token that is shown again is kept by the SHA-256 digest of its text; the text itself is
 * never kept.
 */
export interface RememberedProofs {
  find(token: string): RememberedProof | undefined
  /**
   * Marks a token that is new, and keeps the proof of one that was marked before. It drops expired proofs and, beyond
   * the size, the oldest proofs that were not looked up since.
   */
  remember(token: string, proof: RememberedProof, now: number): void
  forgetAll(): void
}

/**
 * @param options.size Number of proofs to keep at most; 0 for none.
 * @param options.tolerance Milliseconds after its `exp` for which a token is still of use.
 */
export function createRememberedProofs(options: {
  readonly size: number
  readonly tolerance: number
}): RememberedProofs {
  const { size, tolerance } = options
  // Only a runtime with a synchronous hash remembers proofs, because elsewhere a digest costs as much as it saves.
  const hash = nodeCrypto?.hash
  if (size === 0 || !hash) return { find: () => undefined, remember: () => {}, forgetAll: () => {} }

  const toDigest = (token: string) => hash('sha256', token, 'binary')
  const marks = createTokenMarks()
  // A flag marks a proof that was looked up. Moving it to the end of the map each time would cost more than the rest of
  // a look-up except for its digest.
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
