import { H3 } from 'h3'
import { expect, onTestFinished, vi } from 'vitest'
import { createAuthServer } from '../../adapters/h3/index.ts'
import { issuer, jwks, mint, nowMs, nowSeconds, party } from '../jose/token-factory.ts'
import { createWebhookSecret } from '../kit/clerk-emulator/webhook.ts'
import { requireKnown } from './known-answer.ts'

const base = 'http://localhost'
/** The secret for webhooks that the server accepts. */
export const webhookSecret = createWebhookSecret()

interface RequestParts {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: BodyInit
}

export type FuzzedServer = ReturnType<typeof createFuzzedServer>

/**
 * Creates a real app that is called in process, with frozen time. Its limits are so high that they hide no parser.
 */
export function createFuzzedServer() {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
    now: nowMs,
  })
  onTestFinished(() => void vi.useRealTimers())
  const auth = createAuthServer({
    keys: { jwks },
    clerk: { webhookSecret },
    claims: { issuer, authorizedParties: [party] },
    limits: { requestsPerSession: 1e9, sessions: 1e6, sessionsPerUser: 1e6, sessionsPerClerkSession: 1e6 },
    logger: { warn: () => {} },
  })
  const app = new H3({ silent: true })
  app.register(auth.plugin)
  app.get('/checked', async (event) => Response.json({ ...(await auth.whenChecked(event)), claims: null }))
  app.get('/guarded', () => 'in', { middleware: [auth.requireAuth()] })
  let signIns = 0

  const request = (path: string, { headers, ...init }: RequestParts = {}) =>
    Promise.resolve(
      app.request(`${base}${path}`, { ...init, headers: { 'sec-fetch-site': 'same-origin', ...headers } }),
    )

  return {
    auth,
    request,
    post: (body: BodyInit, headers: Record<string, string>) =>
      request('/auth/events', { method: 'POST', body, headers }),
    /**
     * Signs a new session in with a token that lives for `ttl` seconds.
     *
     * @returns the cookie of the session
     */
    async signIn(ttl = 60): Promise<string> {
      signIns += 1
      const token = mint({ claims: { sid: `sess_${signIns}`, exp: nowSeconds + ttl } })
      const response = await request('/auth/events', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ type: 'token.received', token }),
      })
      expect(requireKnown(response.status, response.headers.get('content-type'), await response.text())).toBe(
        '200 signedIn',
      )
      return response.headers.get('set-cookie')?.split(';')[0] ?? ''
    },
    async outcomeOf(response: Response): Promise<string> {
      return requireKnown(response.status, response.headers.get('content-type'), await response.text())
    },
    /** Checks that every abandoned session is removed when its time has passed. */
    async requireNothingLeft() {
      await vi.advanceTimersByTimeAsync(300_000)
      expect(auth.stats()).toEqual({ sessions: 0, signedIn: 0, streams: 0 })
      await auth.close()
    },
  }
}
