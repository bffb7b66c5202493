import type { PublicKey } from './public-key.ts'

export interface GetKeyOptions {
  readonly signal?: AbortSignal
  /** False: with keys at hand, an unknown id is no reason to fetch them anew; then it stays undecided. Default true. */
  readonly refresh?: boolean
}

/** Where a verifier gets its keys from. Keys belong to their source: two sources never share one. */
export interface KeySource {
  /**
   * The key that verifies tokens of this key id. Give the same object as long as the key is the same: another one says
   * that the keys have changed, and what they proved is forgotten.
   *
   * @throws AuthError `key-not-found` where the id is not published, `keys-unavailable` (with `retryAfter`) where that
   * cannot be said yet, `verify-timeout` where `signal` fired first.
   */
  getKey(kid: string, options?: GetKeyOptions): Promise<PublicKey>
  /** Hears whenever a key set came in. Returns the way out. */
  subscribe(listener: () => void): () => void
  /** Stops fetching. Afterwards only keys already here are given. */
  close(): void
}

export function isKeySource(value: unknown): value is KeySource {
  return typeof value === 'object' && value !== null && 'getKey' in value && typeof value.getKey === 'function'
}
