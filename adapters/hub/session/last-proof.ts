import type { SessionState } from './session-state.ts'

/** The Clerk session that a session proved last. A sign-out ends it even if the proof has long expired. */
export type LastProof = NonNullable<SessionState['lastProven']>

export function noteProof(state: SessionState, proof: LastProof) {
  state.lastProven = proof
}

/** Notes the proof of a session that is signed in. A tombstone that is owed was for the sign-in before. */
export function noteLiveProof(state: SessionState, proof: LastProof) {
  noteProof(state, proof)
  state.isTombstoneOwed = false
}

/** Notes that the store may lack the tombstone of the last proof. */
export function oweTombstone(state: SessionState) {
  state.isTombstoneOwed = true
}

/** Notes that the tombstone of a proof is stored, so that a repeated sign-out does not end what Clerk issued since. */
export function settleTombstone(state: SessionState, proof: LastProof | null) {
  if (state.lastProven !== proof) return
  state.lastProven = null
  state.isTombstoneOwed = false
}
