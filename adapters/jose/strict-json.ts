const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The greatest depth. It is deeper than any Clerk claim and safe for a recursive walk over the value. */
const maxDepth = 32

const quote = 0x22
const colon = 0x3a
const slash = 0x2f
const backslash = 0x5c

/**
 * Parses JSON that must be an object, in UTF-8 without a byte order mark. Member names must be unique at every depth
 * and never `__proto__`; RFC 7519 §4 and RFC 7515 §4 let a parser refuse duplicates, of which `JSON.parse` would keep
 * the last. The value is frozen at every depth.
 *
 * @throws Error that quotes nothing of the input.
 */
export function parseStrictJsonObject(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let text: string
  let value: unknown
  try {
    text = decoder.decode(bytes)
    value = JSON.parse(text)
  } catch {
    // The engine's own message would quote the text.
    throw new Error('not JSON in UTF-8')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not a JSON object')
  // If a name was written twice, the value has fewer members than the text. For most texts the cheaper count of colons
  // already shows that this is not so.
  const kept = freeze(value, 1)
  if (countColons(text) !== kept && countMembers(bytes) !== kept) throw new Error('a duplicate member name')
  return value as Record<string, unknown>
}

/**
 * Counts the colons of a JSON text, except those before a slash as in a URL. Each member has a colon, so the count is
 * never below the number of members.
 */
function countColons(json: string): number {
  let colons = 0
  for (let at = json.indexOf(':'); at !== -1; at = json.indexOf(':', at + 1)) {
    if (json.charCodeAt(at + 1) !== slash) colons++
  }
  return colons
}

/** Counts the members of JSON in UTF-8 at every depth. Each has exactly one colon outside of strings. */
function countMembers(json: Uint8Array): number {
  let members = 0
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]
    if (byte === colon) members++
    else if (byte === quote) at = toEndOfString(json, at)
  }
  return members
}

/**
 * Returns the index of the closing quote of the string that begins at `start`. There is one, because the text was
 * parsed.
 */
function toEndOfString(json: Uint8Array, start: number): number {
  let at = start + 1
  while (at < json.length && json[at] !== quote) at += json[at] === backslash ? 2 : 1
  return at
}

/**
 * Freezes a value and everything in it.
 *
 * @returns The number of members at every depth.
 */
function freeze(value: object, depth: number): number {
  if (depth > maxDepth) throw new Error('nested too deep')
  const names = Object.keys(value)
  let members = Array.isArray(value) ? 0 : names.length
  for (const name of names) {
    if (name === '__proto__') throw new Error('a forbidden member name')
    const member: unknown = (value as Record<string, unknown>)[name]
    if (typeof member === 'object' && member !== null) members += freeze(member, depth + 1)
  }
  Object.freeze(value)
  return members
}
