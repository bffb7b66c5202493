/** Keys that let somebody in once, and the cookies they are exchanged for. Both are 256 random bits. */
export interface OneTimeKeys {
  /** A new key. */
  issue(): string
  /** Takes a key back for a cookie value; null where it is none, or was used. */
  exchange(key: string): string | null
  isCookie(value: string): boolean
}

/** Of keys not used yet, and of cookies, so many are good: the oldest goes. */
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

/** Takes as long for a near miss as for any other: a guess must not learn how far it was right. */
function indexIn(secrets: readonly string[], guess: string): number {
  let found = -1
  for (const [index, secret] of secrets.entries()) {
    let difference = secret.length ^ guess.length
    for (let at = 0; at < secret.length; at += 1) difference |= secret.charCodeAt(at) ^ guess.charCodeAt(at)
    if (difference === 0) found = index
  }
  return found
}
