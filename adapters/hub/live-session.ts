import type { AuthErrorView } from '../../machines/auth-error.ts'
import { toCodeView } from '../../machines/auth-error.ts'
import type { TokenOutcome } from '../../machines/auth-events.ts'
import type { AuthView } from '../../machines/auth-view.ts'
import type { BearerToken } from '../../machines/bearer-token.ts'
import type { SessionRecord } from '../../machines/session-record.ts'
import type { AuthUser } from '../../machines/verified-session.ts'
import { isSameIdentity } from '../../machines/auth-view.ts'
import type { AuthChange, AuthChangeReason } from './auth-changes.ts'
import type { HostSignal, SessionHost } from './session-host.ts'
import type { SessionSeat } from './session-seat.ts'
import { createVerdictWait } from './verdict-wait.ts'
import { createViewStreams } from './view-streams.ts'
import type { ViewStreams } from './view-streams.ts'

/** How one token ended. */
export interface Verdict {
  /** `discarded`: a sign-out cut its check off. */
  readonly outcome: TokenOutcome | 'discarded'
  readonly error: AuthErrorView | null
}

/** One server session as a node holds it: a machine, its views by revision, and the streams that read them. */
export interface LiveSession {
  /** Internal id: never leaves the server. */
  readonly id: string
  readonly channel: string
  readonly streams: ViewStreams
  readonly seat: SessionSeat
  /** The view now, with the full claims. */
  view(): AuthView
  /** What it last was known to prove; cheaper than {@link LiveSession.view}, and as late as a timer. */
  readonly identity: AuthView
  /** Has a token of a tab checked. Resolves with its verdict, which may be that there is none yet. */
  submit(token: BearerToken, tab?: string): Promise<Verdict>
  /** True while a token waits for its verdict. */
  readonly isChecking: boolean
  /**
   * The browser signed out, or Clerk ended the session or user: void if another Clerk session is proven. → the tokens
   * whose checks it cut off
   */
  end(reason: 'cleared' | 'revoked', sessionId?: string): readonly BearerToken[]
  adopt(record: SessionRecord): void
  /** The profile of a user, or that it could not be had: void for anyone but the one signed in by then. */
  learnUser(userId: string, user: AuthUser | null): void
  /** The next revision is higher than `rev`. */
  outrank(rev: number): void
  /** Keys are there again. */
  retry(): void
  /** Counts the clears and revocations: what was verified before one must not be submitted after it. */
  readonly epoch: number
  /** Resolves as soon as a verdict stands; after `timeout` ms with `timedOut`. Rejects with the reason of `signal`. */
  whenChecked(timeout: number, signal?: AbortSignal): Promise<AuthView>
  stop(): void
}

export interface SessionChange extends AuthChange {
  /** Who brought the token that decided, if its verdict is still awaited. */
  readonly by: { readonly tab: string | undefined } | null
}

export interface LiveSessionOptions {
  readonly id: string
  readonly channel: string
  readonly seat: SessionSeat
  readonly host: SessionHost
  /** Epoch ms. */
  readonly clock: () => number
  /** Encodes a view for the streams: once for all of them. */
  readonly encode: (view: AuthView) => string
  /** Called before any stream hears of it. `change` is null where the identity is the same as before. */
  readonly onChange: (session: LiveSession, change: SessionChange | null) => void
}

export function createLiveSession(options: LiveSessionOptions): LiveSession {
  const { id, channel, seat, host, clock, encode, onChange } = options
  const waiting = new Map<string, { readonly tab: string | undefined; readonly resolve: (verdict: Verdict) => void }>()
  const verdicts = createVerdictWait(view)
  let last = host.view(clock())
  let identity: AuthView = { ...last, channel, rev: 1 }
  /** The view asked for last, for as long as neither the machine nor the clock has moved. */
  let current: AuthView | null = null
  let rev = 1
  let tokens = 0
  let epoch = 0
  /** Set while the machine works on something that names the reason of whatever changes. */
  let cause: AuthChangeReason | null = null
  let by: SessionChange['by'] = null
  let discarded: BearerToken[] = []

  const streams = createViewStreams({ view, encode })
  const unsubscribe = host.subscribe(receive)

  function view(): AuthView {
    const now = clock()
    if (current && current.now === now && current.rev === rev) return current
    const next = host.view(now)
    if (!isSameView(next, last)) rev += 1
    last = next
    current = { ...next, channel, rev }
    return current
  }

  function receive(signal: HostSignal) {
    current = null
    switch (signal.type) {
      case 'token.settled':
        return settle(signal.id, { outcome: signal.outcome, error: signal.error })
      case 'token.discarded':
        discarded.push(signal.token)
        return settle(signal.id, { outcome: 'discarded', error: toCodeView('token-superseded') })
      case 'view.changed':
        return change()
      default:
        return undefined
    }
  }

  function settle(id: string | undefined, verdict: Verdict) {
    const entry = id === undefined ? undefined : waiting.get(id)
    if (id === undefined || !entry) return
    waiting.delete(id)
    if (verdict.outcome === 'accepted') by = { tab: entry.tab }
    entry.resolve(verdict)
  }

  function change() {
    const previous = identity
    identity = view()
    const changed = isSameIdentity(previous, identity)
      ? null
      : { view: identity, previous, reason: cause ?? toReason(identity), by }
    by = null
    onChange(session, changed)
    streams.push()
    verdicts.look()
  }

  function because(reason: AuthChangeReason, work: () => void) {
    cause = reason
    try {
      work()
    } finally {
      cause = null
    }
  }

  const session: LiveSession = {
    id,
    channel,
    seat,
    streams,
    view,
    get identity() {
      return identity
    },
    get isChecking() {
      return waiting.size > 0
    },
    get epoch() {
      return epoch
    },
    submit: (token, tab) =>
      new Promise((resolve) => {
        const id = String((tokens += 1))
        waiting.set(id, { tab, resolve })
        host.send({ type: 'token.received', token, id })
      }),
    end(reason, sessionId) {
      epoch += 1
      discarded = []
      because(reason, () => host.send({ type: `session.${reason}`, ...(sessionId !== undefined && { sessionId }) }))
      return discarded
    },
    adopt(record) {
      rev = Math.max(rev, record.rev - 1)
      because('adopted', () => host.send({ type: 'session.adopted', record }))
    },
    learnUser: (userId, user) => host.send(user ? { type: 'user.loaded', user } : { type: 'user.failed', userId }),
    outrank(other) {
      if (rev <= other) rev = other + 1
    },
    retry: () => host.send({ type: 'keys.refreshed' }),
    whenChecked: (timeout, signal) => verdicts.wait(timeout, signal),
    stop() {
      unsubscribe()
      host.stop()
      for (const { resolve } of waiting.values()) resolve({ outcome: 'undecided', error: toCodeView('draining') })
      waiting.clear()
      verdicts.giveUp()
    },
  }
  return session
}

const toReason = ({ isSignedIn, state, error }: AuthView): AuthChangeReason => {
  if (isSignedIn) return 'token'
  // Verifying: the proof expired while its renewal was in the air.
  return state === 'verifying' || error?.code === 'token-expired' ? 'expired' : 'refused'
}

/** True where a reader could not tell two views apart but by `now`. */
function isSameView(a: AuthView, b: AuthView): boolean {
  return (
    a.state === b.state &&
    a.isSignedIn === b.isSignedIn &&
    a.authChecked === b.authChecked &&
    a.timedOut === b.timedOut &&
    a.claims === b.claims &&
    a.user === b.user &&
    a.expiresAt === b.expiresAt &&
    isSameIdentity(a, b) &&
    a.orgId === b.orgId &&
    a.error?.code === b.error?.code &&
    a.error?.message === b.error?.message
  )
}
