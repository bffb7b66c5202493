/**
 * A label that tells the tabs of one browser, or its requests, apart. It is no secret, and the Web Crypto API may be missing
 * or throw.
 */
export function toRandomLabel(): string {
  try {
    return crypto.getRandomValues(new Uint32Array(3)).join('-')
  } catch {
    return String(Math.random()).slice(2)
  }
}
