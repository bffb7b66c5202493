import type { PublicKey } from './public-key.ts'

export interface GetKeyOptions {
  readonly signal?: AbortSignal
  /**
   * False if an unknown id is no reason to fetch again while keys are available; the id then stays undecided. Default
   * true.
   */
  readonly refresh?: boolean
}

/** The source of a verifier's keys. Keys belong to their source, and two sources never share one. */
export interface KeySource {
  /**
   * Returns the key that verifies tokens with this key id. Return the same object as long as the key is the same. Another
   * object means that the keys have changed, and the verifier then forgets what they proved.
   *
   * `issuer` is the `iss` of the token, which is not verified yet; undefined if the token has none. A source of several
   * issuers looks for the key among those of this issuer, and refuses any other issuer with `token-claims`.
   *
   * @throws AuthError `key-not-found` if the id is not published, `keys-unavailable` (with `retryAfter`) if that is not
   * known yet, `verify-timeout` if `signal` fired first.
   */
  getKey(kid: string, options?: GetKeyOptions, issuer?: unknown): Promise<PublicKey>
  /** Calls the listener whenever a key set came in. Returns a function that unsubscribes. */
  subscribe(listener: () => void): () => void
  /** Stops fetching. Afterwards the source only returns keys that it already has. */
  close(): void
}

/** True for an object that has `getKey`, as {@link createKeySource} returns it. */
export function isKeySource(value: unknown): value is KeySource {
  return typeof value === 'object' && value !== null && 'getKey' in value && typeof value.getKey === 'function'
}
