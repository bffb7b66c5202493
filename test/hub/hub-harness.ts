import { onTestFinished, vi } from 'vitest'
import type { HubLimits } from '../../adapters/hub/node/hub-limits.ts'
import { createSessionHub, type SessionHubOptions } from '../../adapters/hub/session-hub.ts'
import type { ViewStream } from '../../adapters/hub/session/view-stream.ts'
import { createMemorySessionStore } from '../../adapters/hub/store/memory-session-store.ts'
import type { StoreChange } from '../../adapters/hub/store/session-store.ts'
import { AuthError, BearerToken, type AuthView, type VerifiedSession } from '../../machines/index.ts'
import { createProof, virtualEpoch } from '../kit/auth-fixtures.ts'

/** One check that waits until the test releases it. */
export interface HeldCheck {
  readonly token: BearerToken
  readonly proof: VerifiedSession | null
  settle(): void
}

/** Makes a token whose text is the session that it proves. */
export const toToken = (proof: Partial<VerifiedSession> | null) =>
  new BearerToken(JSON.stringify(proof && createProof(proof)))

export const usualLimits: HubLimits = {
  sessions: 100_000,
  sessionsPerUser: 100,
  sessionsPerClerkSession: 16,
  streamsPerSession: 16,
  requestsPerSession: 1_000_000,
}

/** Starts a hub under virtual time. With `held` its checks wait for the test. */
export function startHub({ held = false, ...options }: Partial<SessionHubOptions> & { held?: boolean } = {}) {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
    now: virtualEpoch,
  })
  const checks: HeldCheck[] = []
  let verified = 0
  const hub = createSessionHub({
    verify: async (token) => {
      verified += 1
      const proof = JSON.parse(token.reveal()) as VerifiedSession | null
      if (held) await new Promise<void>((settle) => void checks.push({ token, proof, settle }))
      if (!proof) throw new AuthError('token-signature')
      return proof
    },
    store: createMemorySessionStore(),
    encode: (view) => JSON.stringify(view),
    machine: { authWaitTimeout: 1_000, verifyTimeout: 5_000, clockTolerance: 60, refusedToken: 'keep' },
    limits: usualLimits,
    clock: Date.now,
    random: () => 0.5,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    ...options,
  })
  onTestFinished(async () => {
    const closed = hub.close({ timeout: 0 })
    if (vi.isFakeTimers()) await vi.advanceTimersByTimeAsync(10_000)
    await closed
    vi.useRealTimers()
  })
  return {
    hub,
    checks,
    get verified() {
      return verified
    },
    /** Opens a stream for a browser, which may send a cookie. */
    async open(tab = 'tab', cookieId?: string) {
      const views: AuthView[] = []
      const cookie = { id: cookieId }
      const opened = await hub.open({ cookieIds: cookieId ? [cookieId] : [], tab, carried: [] })
      cookie.id = opened.cookieId ?? cookieId
      const stream: ViewStream & { bye: string | null } = {
        tab,
        isBehind: false,
        bye: null,
        send: (frame) => void views.push(JSON.parse(frame) as AuthView),
        end(reason, frame) {
          if (frame) this.send(frame)
          this.bye = reason
          detach()
        },
        destroy: () => detach(),
      }
      const detach = opened.attach(stream)
      const ask = () => ({ cookieIds: cookie.id ? [cookie.id] : [], tab })
      return {
        views,
        stream,
        cookie,
        detach,
        session: async () => (await hub.find(ask())) ?? null,
        async token(token: BearerToken) {
          const answer = await hub.receive({ ...ask(), token })
          cookie.id = answer.cookieId ?? cookie.id
          return answer
        },
        clear: (sessionId?: string) => hub.clear({ ...ask(), ...(sessionId !== undefined && { sessionId }) }),
      }
    },
  }
}

/** Starts two nodes on one store. One of them receives only the changes that the test passes on. */
export function startDeaf() {
  const store = createMemorySessionStore({ clock: () => Date.now() })
  const watchers: ((change: StoreChange) => void)[] = []
  const rotations: StoreChange[] = []
  store.watch((change) => void (change.type === 'rotated' && rotations.push(change)))
  return {
    store,
    deaf: startHub({ store: { ...store, watch: (listener) => (watchers.push(listener), () => {}) } }),
    there: startHub({ store }),
    /** The rotations so far, in order. */
    rotations,
    tell(change: StoreChange) {
      for (const watcher of watchers) watcher(change)
    },
  }
}

/** Lets promises and immediates run without any time passing. */
export async function turn(rounds = 3): Promise<void> {
  for (let round = 0; round < rounds; round += 1) await new Promise((resolve) => setImmediate(resolve))
}
