/**
 * Returns a random label that distinguishes the tabs of one browser, or its requests. It need not be secret, and the
 * Web Crypto API may be missing or throw.
 */
export function toRandomLabel(): string {
  try {
    return crypto.getRandomValues(new Uint32Array(3)).join('-')
  } catch {
    return String(Math.random()).slice(2)
  }
}
