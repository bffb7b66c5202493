import { createTransport } from '../../../adapters/browser/transport.ts'
import { type AuthView, BearerToken, type PostEventInput } from '../../../machines/index.ts'
import { isSyncError } from '../../../machines/sync/sync-error.ts'
import type { ConformanceStep } from './conformance-step.ts'

/** One browser profile with one tab, as the server sees it: a cookie, a stream, and posts. */
export interface DrivenBrowser {
  /** The reason why the browser cannot make a step that a server would accept; null if it can. */
  cannot?(step: ConformanceStep): string | null
  /** Opens the stream, and opens it again whenever the server ends it. Resolves with its first view. */
  open(): Promise<AuthView>
  /** The last view of the stream; null while it is being opened. */
  readonly streamed: AuthView | null
  /** Posts a token. @returns the code with which it was refused, or null if it was accepted */
  postToken(text: string): Promise<string | null>
  /** Posts that the user has signed out. */
  postClear(sessionId?: string): Promise<void>
  /** The view that the browser gets from `GET /auth/session`. */
  view(): Promise<AuthView>
  /** Closes the tab. */
  close(): void | Promise<void>
}

const tab = 'conformance'

/**
 * Creates a browser that uses `fetch`.
 *
 * @param endpoint the base URL of the routes, for example `http://127.0.0.1:3000/auth`
 */
export function createHttpBrowser(endpoint: string): DrivenBrowser {
  const closing = new AbortController()
  const { origin } = new URL(endpoint)
  let cookie = ''
  let seq = 0
  let streamed: AuthView | null = null

  const fetchWithCookie: typeof fetch = async (input, init) => {
    const headers = { ...(init?.headers as Record<string, string>), origin, ...(cookie && { cookie }) }
    const response = await fetch(input, { ...init, headers })
    const [set] = response.headers.getSetCookie()
    if (set) cookie = set.split(';', 1)[0] ?? ''
    return response
  }
  const transport = createTransport({ endpoint, credentials: 'include', fetch: fetchWithCookie, now: Date.now })
  const post = (event: PostEventInput) => transport.post(event, closing.signal)

  async function read(onFirst: (view: AuthView) => void): Promise<void> {
    while (!closing.signal.aborted) {
      streamed = null
      try {
        await transport.readStream(
          { tab },
          (event) => {
            if (event.type !== 'view.received') return
            streamed = event.view
            onFirst(event.view)
          },
          closing.signal,
        )
      } catch (error) {
        // The server ends the stream with a `bye` when a session is revoked. All other ends show in what the stream
        // lacks.
        if (!isSyncError(error)) return
      }
    }
  }

  return {
    open: () => new Promise((resolve, reject) => void read(resolve).catch(reject)),
    get streamed() {
      return streamed
    },
    async postToken(text) {
      try {
        await post({ type: 'token.received', token: new BearerToken(text), tab, seq: (seq += 1) })
        return null
      } catch (error) {
        if (isSyncError(error)) return error.code
        throw error
      }
    },
    async postClear(sessionId) {
      await post({ type: 'session.cleared', tab, seq: (seq += 1), ...(sessionId !== undefined && { sessionId }) })
    },
    async view() {
      const response = await fetchWithCookie(`${endpoint}/session`)
      return (await response.json()) as AuthView
    },
    close: () => closing.abort(),
  }
}
