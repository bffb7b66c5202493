import { createTransport } from '../../../adapters/browser/transport.ts'
import type { AuthView } from '../../../machines/index.ts'
import { BearerToken } from '../../../machines/index.ts'
import type { PostEventInput } from '../../../machines/index.ts'
import { isSyncError } from '../../../machines/sync/sync-error.ts'
import type { ConformanceStep } from './conformance-step.ts'

/** One browser profile with one tab, as the server sees it: a cookie, a stream, and posts. */
export interface DrivenBrowser {
  /** Why it cannot make a step that a server would take; null where it can. */
  cannot?(step: ConformanceStep): string | null
  /** Opens the stream, and opens it again whenever the server ends it. Resolves with its first view. */
  open(): Promise<AuthView>
  /** The view that the stream has shown last; null while it is being opened. */
  readonly streamed: AuthView | null
  /** → the code that the token was answered with, or null where it was taken */
  postToken(text: string): Promise<string | null>
  postClear(sessionId?: string): Promise<void>
  /** What it is told when it asks, as `GET /auth/session` does. */
  view(): Promise<AuthView>
  close(): void | Promise<void>
}

const tab = 'conformance'

/** @param endpoint where the routes are, as `http://127.0.0.1:3000/auth` */
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
        // The server ends it with a word where a session is revoked. Everything else shows in what the stream lacks.
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
