import type { AdoptedSession, AuthError, AuthUser, BearerToken, VerifiedSession } from '../../../machines/index.ts'

/** How one check of a token ends: with what the token proves, or with why it does not. */
export type TokenVerdict =
  | { readonly session: VerifiedSession; readonly error: null }
  | { readonly session: null; readonly error: AuthError }

/** What one step does to the system. */
export type ConformanceAction =
  /**
   * A browser brings a token. `verdicts` says how its checks will end later in the path, in order: none where the path
   * ends before. `isChecked` is false where it only waits behind another, or is one too many.
   */
  | {
      readonly kind: 'token'
      readonly id: string
      readonly token: BearerToken
      readonly verdicts: readonly TokenVerdict[]
      readonly isChecked: boolean
    }
  /** The check that is in the air, of the token of this id, ends. */
  | { readonly kind: 'verdict'; readonly id: string; readonly verdict: TokenVerdict }
  /**
   * The browser signs out, of the Clerk session named or of whichever it is. `discards`: the tokens that are not decided
   * and, by the model, never will be.
   */
  | { readonly kind: 'clear'; readonly sessionId?: string; readonly discards: readonly string[] }
  /** Clerk revokes a session or user: the one named or, without a name, the one that is signed in. */
  | {
      readonly kind: 'revoke'
      readonly sessionId?: string
      readonly userId?: string
      readonly discards: readonly string[]
    }
  /** Another node has decided. */
  | { readonly kind: 'adopt'; readonly record: AdoptedSession }
  /** The signing keys, which could not be reached, are there again. */
  | { readonly kind: 'keys' }
  /** The profile of a user comes in, or cannot be had: null. */
  | { readonly kind: 'profile'; readonly userId: string; readonly user: AuthUser | null }
  /** The wall clock jumps, then so many ms pass. What is due by then happens. */
  | { readonly kind: 'time'; readonly ms: number; readonly clockJump: number }

export type ConformanceStep = ConformanceAction & {
  /** The step in plain words. */
  readonly description: string
}
