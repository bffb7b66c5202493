/**
 * Parses a URL. `URL.canParse` must not be asked before: in Node 20 it refuses names outside ASCII once it is optimized.
 *
 * @returns The URL, or null if the text is none.
 */
export function parseUrl(text: string | URL): URL | null {
  try {
    return new URL(text)
  } catch {
    return null
  }
}
