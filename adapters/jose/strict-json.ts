const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Deeper than any Clerk claim; shallow enough for whoever walks the value later. */
const maxDepth = 32

/** A string, with the colon that makes it a member name, or a bracket: enough to find the names in valid JSON. */
const structure = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}[\]]/gs

/**
 * Parses JSON that must be an object, in UTF-8 without a byte order mark, whose member names are unique at every depth
 * (RFC 7519 §4 and RFC 7515 §4 let a parser refuse duplicates; `JSON.parse` would keep the last) and never `__proto__`.
 * Throws a plain `Error` that quotes nothing of the input.
 */
export function parseStrictJsonObject(bytes: Uint8Array): Record<string, unknown> {
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
  requireDistinctNames(text)
  return value as Record<string, unknown>
}

function requireDistinctNames(json: string) {
  const open: Set<unknown>[] = []
  for (const [token, string, colon] of json.matchAll(structure)) {
    if (token === '{' || token === '[') {
      if (open.push(new Set()) > maxDepth) throw new Error('nested too deep')
    } else if (token === '}' || token === ']') {
      open.pop()
    } else if (string && colon) {
      const name: unknown = JSON.parse(string)
      const names = open.at(-1)
      if (name === '__proto__' || names?.has(name)) throw new Error('a duplicate or forbidden member name')
      names?.add(name)
    }
  }
}
