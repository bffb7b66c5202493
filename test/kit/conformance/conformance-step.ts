import type { AdoptedSession, AuthError, AuthUser, BearerToken, VerifiedSession } from '../../../machines/index.ts'

/** The end of one check of a token: what the token proves, or the error that refuses it. */
export type TokenVerdict =
  | { readonly session: VerifiedSession; readonly error: null }
  | { readonly session: null; readonly error: AuthError }

/** The effect of one step on the system. */
export type ConformanceAction =
  /**
   * A browser posts a token. `verdicts` lists the ends of its checks later in the path, in order; it is empty if the
   * path ends before. `isChecked` is false if the token only waits behind another, or if too many tokens wait.
   */
  | {
      readonly kind: 'token'
      readonly id: string
      readonly token: BearerToken
      readonly verdicts: readonly TokenVerdict[]
      readonly isChecked: boolean
    }
  /** The running check of the token with this id ends. */
  | { readonly kind: 'verdict'; readonly id: string; readonly verdict: TokenVerdict }
  /**
   * The browser signs out of the named Clerk session, or of the current one. `discards` lists the undecided tokens
   * that, by the model, never get a verdict.
   */
  | { readonly kind: 'clear'; readonly sessionId?: string; readonly discards: readonly string[] }
  /** Clerk revokes the named session or user, or the one that is signed in if no name is given. */
  | {
      readonly kind: 'revoke'
      readonly sessionId?: string
      readonly userId?: string
      readonly discards: readonly string[]
    }
  /** Another node has made a decision. */
  | { readonly kind: 'adopt'; readonly record: AdoptedSession }
  /** The signing keys can be reached again. */
  | { readonly kind: 'keys' }
  /** The profile of a user arrives, or is null if it cannot be loaded. */
  | { readonly kind: 'profile'; readonly userId: string; readonly user: AuthUser | null }
  /** The wall clock jumps, and then this many ms pass. Everything that is due by then happens. */
  | { readonly kind: 'time'; readonly ms: number; readonly clockJump: number }

/** One step of a path, with its effect on the system. */
export type ConformanceStep = ConformanceAction & {
  /** The step in plain words. */
  readonly description: string
}
