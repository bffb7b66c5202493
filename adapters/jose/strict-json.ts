const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Deeper than any Clerk claim; shallow enough for whoever walks the value later. */
const maxDepth = 32

const quote = 0x22
const colon = 0x3a
const slash = 0x2f
const backslash = 0x5c

/**
 * Parses JSON that must be an object, in UTF-8 without a byte order mark, whose member names are unique at every depth
 * (RFC 7519 §4 and RFC 7515 §4 let a parser refuse duplicates; `JSON.parse` would keep the last) and never `__proto__`.
 * The value is frozen at every depth. Throws a plain `Error` that quotes nothing of the input.
 */
export function parseStrictJsonObject(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let text: string
  let value: unknown
  try {
    text = decoder.decode(bytes)
    value = JSON.parse(text)
  } catch {
    // The engine's own message quotes the text.
    throw new Error('not JSON in UTF-8')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not a JSON object')
  // A name that stood twice was written twice and kept once. Most texts tell by the cheaper count that none did.
  const kept = freeze(value, 1)
  if (countColons(text) !== kept && countMembers(bytes) !== kept) throw new Error('a duplicate member name')
  return value as Record<string, unknown>
}

/** No fewer than the members that a JSON text writes: each has a colon, which no slash follows, as one does in a URL. */
function countColons(json: string): number {
  let colons = 0
  for (let at = json.indexOf(':'); at !== -1; at = json.indexOf(':', at + 1)) {
    if (json.charCodeAt(at + 1) !== slash) colons++
  }
  return colons
}

/** The members that JSON in UTF-8 writes, at every depth: each has the one colon that is not in a string. */
function countMembers(json: Uint8Array): number {
  let members = 0
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]
    if (byte === colon) members++
    else if (byte === quote) at = toEndOfString(json, at)
  }
  return members
}

/** → where the string that begins at `start` has its closing quote. There is one: the text was parsed. */
function toEndOfString(json: Uint8Array, start: number): number {
  let at = start + 1
  while (at < json.length && json[at] !== quote) at += json[at] === backslash ? 2 : 1
  return at
}

/** Freezes a value and everything in it. → the members that it has, at every depth */
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
