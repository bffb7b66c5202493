/** Fetches a key set, not yet validated. Rejects for anything that is not one JSON answer. */
export type FetchJwks = (options: { readonly signal: AbortSignal }) => Promise<unknown>

/** A hundred keys of 8192 bits fit. */
const maxBytes = 262_144

/**
 * Gets a JWKS over HTTP. Redirects are refused, since a key endpoint that moves is a change of trust; the body is
 * bounded as it streams in, whatever its Content-Length says.
 */
export function createJwksFetcher(url: URL, fetch: typeof globalThis.fetch): FetchJwks {
  return async ({ signal }) => {
    const response = await fetch(url, {
      headers: { accept: 'application/jwk-set+json, application/json' },
      redirect: 'error',
      signal,
    })
    if (!response.ok) {
      await response.body?.cancel()
      throw new Error(`the key endpoint answered ${response.status}`)
    }
    const text = await readText(response)
    try {
      return JSON.parse(text)
    } catch {
      // The engine's own message quotes the body.
      throw new Error('the key endpoint answered with something other than JSON')
    }
  }
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  // Leaving the loop early cancels the stream.
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) throw new Error(`the key endpoint answered with more than ${maxBytes} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
