/** Keys that open the page once, and the cookies for which they are exchanged. Both are 256 random bits. */
export interface OneTimeKeys {
  /** Returns a new key. */
  issue(): string
  /** Exchanges a key for a cookie value; null if the key is unknown or was used. */
  exchange(key: string): string | null
  /** True for a cookie value that an exchange gave out and that still counts. */
  isCookie(value: string): boolean
}

/** Number of unused keys, and of cookies, that are valid at a time. Beyond it the oldest one is dropped. */
const most = 16

export function createOneTimeKeys(): OneTimeKeys {
  const keys: string[] = []
  const cookies: string[] = []
  return {
    issue: () => keep(keys),
    exchange(key) {
      const index = indexIn(keys, key)
      if (index === -1) return null
      keys.splice(index, 1)
      return keep(cookies)
    },
    isCookie: (value) => indexIn(cookies, value) !== -1,
  }
}

function keep(secrets: string[]): string {
  const secret = Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) => byte.toString(16).padStart(2, '0'))
  secrets.push(secret.join(''))
  if (secrets.length > most) secrets.shift()
  return secrets.at(-1)!
}

/**
 * Returns the index of a guessed secret, or -1. A near miss takes as long as any other, so that a guess does not show
 * how far it was right.
 */
function indexIn(secrets: readonly string[], guess: string): number {
  let found = -1
  for (const [index, secret] of secrets.entries()) {
    let difference = secret.length ^ guess.length
    for (let at = 0; at < secret.length; at += 1) difference |= secret.charCodeAt(at) ^ guess.charCodeAt(at)
    if (difference === 0) found = index
  }
  return found
}
