import { toCodeView, type AuthErrorView } from '../../../machines/auth-error.ts'
import type { AuthEvent, TokenOutcome } from '../../../machines/auth-events.ts'
import { isSameIdentity, isSameOrganization, type AuthView, type ServerView } from '../../../machines/auth-view.ts'
import type { BearerToken } from '../../../machines/bearer-token.ts'
import { toStateLabel } from '../../../machines/explain/auth-reason.ts'
import type { SessionRecord } from '../../../machines/session-record.ts'
import type { AuthUser } from '../../../machines/verified-session.ts'
import type { Eventual } from '../../eventual.ts'
import type { HostOwner, HostSignal, SessionHost, StartHost } from '../hosts/session-host.ts'
import type { ServerAuthChange, AuthChangeReason, SessionChange } from './auth-changes.ts'
import type { SessionState } from './session-state.ts'
import { createVerdictWait, type VerdictWait } from './verdict-wait.ts'
import type { EncodeView } from './view-stream.ts'
import { ViewStreams } from './view-streams.ts'

/** The verdict on one token. */
export interface Verdict {
  /** `discarded`: a sign-out cancelled its check. */
  readonly outcome: TokenOutcome | 'discarded'
  readonly error: AuthErrorView | null
}

/** The functions that all sessions of a node share. */
export interface LiveSessionRuntime {
  readonly startHost: StartHost
  /** Epoch ms. */
  readonly clock: () => number
  readonly encode: EncodeView
  /**
   * Called before any stream is sent the change. `change` is null if the identity is the same as before. `organization`
   * is given if another organization or role of the same identity is active.
   */
  readonly onChange: (session: LiveSession, change: SessionChange | null, organization?: ServerAuthChange) => void
}

interface AwaitedToken {
  readonly tab: string | undefined
  verdict: Verdict | null
  /** Set if somebody waits for the verdict. */
  resolve: ((verdict: Verdict) => void) | null
}

/**
 * One server session as a node holds it: a machine, its views by revision, and the streams that read them. It is a
 * class because a node holds very many.
 */
export class LiveSession implements HostOwner {
  /** Internal id; it never leaves the server. */
  readonly id: string
  readonly channel: string
  readonly state: SessionState
  readonly streams: ViewStreams
  readonly #runtime: LiveSessionRuntime
  readonly #host: SessionHost
  #awaited: Map<string, AwaitedToken> | null = null
  #verdicts: VerdictWait | null = null
  /** The last view that differed from the one before; `rev` counts these. */
  #last: ServerView
  #identity: ServerView
  #rev = 1
  #tokens = 0
  #epoch = 0
  #isStopped = false
  /** Set while the machine works on an event that is the reason for every change it causes. */
  #cause: AuthChangeReason | null = null
  #by: SessionChange['by'] = null
  /** Set while a sign-out collects the tokens whose checks it cancels. */
  #discarded: BearerToken[] | null = null

  constructor(runtime: LiveSessionRuntime, id: string, channel: string, state: SessionState) {
    this.id = id
    this.channel = channel
    this.state = state
    this.#runtime = runtime
    this.#host = runtime.startHost(channel, this)
    this.#last = this.#identity = this.#host.view({ now: runtime.clock(), channel, rev: 1 })
    this.streams = new ViewStreams(this)
  }

  /**
   * The current view, with the full claims. Once the session has stopped, no cookie leads to it on this node, and its
   * view has an empty channel, because a client that is told a channel is expected to have a cookie.
   */
  view(): ServerView {
    const now = this.#runtime.clock()
    if (this.#isStopped) return this.#host.view({ now, channel: '', rev: 0 })
    const next = this.#host.view({ now, channel: this.channel, rev: this.#rev })
    // The new view is kept only if it differs, so that an idle session holds one view and not one for each reader.
    if (isSameView(next, this.#last)) return next
    this.#last = { ...next, rev: (this.#rev += 1) }
    return this.#last
  }

  /** Sends the current view to the streams before the caller tells anybody else of it. @returns that view */
  publish(): ServerView {
    const view = this.view()
    this.streams.flush(view)
    return view
  }

  get encode(): EncodeView {
    return this.#runtime.encode
  }

  /**
   * The view at the last change. It is cheaper than {@link LiveSession.view}, but an expiry shows in it only once a
   * timer has fired.
   */
  get identity(): ServerView {
    return this.#identity
  }

  /** True while a token waits for its verdict. */
  get isChecking(): boolean {
    return this.#awaited !== null
  }

  /** Counts sign-outs and revocations. A token that was verified before one must not be submitted after it. */
  get epoch(): number {
    return this.#epoch
  }

  /** Has a token of a tab checked. @returns its verdict, which may be `undecided`, or a promise if the check takes time */
  submit(token: BearerToken, tab?: string): Eventual<Verdict> {
    if (this.#isStopped) return cutOff
    const awaited: AwaitedToken = { tab, verdict: null, resolve: null }
    const id = String((this.#tokens += 1))
    this.#awaited ??= new Map()
    this.#awaited.set(id, awaited)
    this.#host.send({ type: 'token.received', token, id })
    return awaited.verdict ?? new Promise((resolve) => (awaited.resolve = resolve))
  }

  /**
   * Ends the session because the browser signed out, because Clerk ended the session or user, or because the Clerk
   * session has lasted as long as it may. It does nothing if another Clerk session is proven.
   * @returns the tokens whose checks it cancelled
   */
  end(reason: 'cleared' | 'revoked' | 'expired', sessionId?: string): readonly BearerToken[] {
    const discarded: BearerToken[] = []
    this.#epoch += 1
    this.#discarded = discarded
    const named = sessionId !== undefined && { sessionId }
    if (reason === 'expired') {
      this.#sendBecause(reason, { type: 'session.revoked', code: 'session-expired', ...named })
    } else {
      this.#sendBecause(reason, { type: `session.${reason}`, ...named })
    }
    this.#discarded = null
    return discarded
  }

  adopt(record: SessionRecord) {
    this.#rev = Math.max(this.#rev, record.rev - 1)
    this.#sendBecause('adopted', { type: 'session.adopted', record })
  }

  /**
   * Takes in the profile of a user, or null if it could not be loaded. It does nothing if another user is signed in by
   * then.
   */
  setUser(userId: string, user: AuthUser | null) {
    this.#host.send(user ? { type: 'user.loaded', user } : { type: 'user.failed', userId })
  }

  /** Makes the revision higher than `rev`. @returns the current revision */
  outrank(rev: number): number {
    if (this.#rev <= rev) {
      this.#rev = rev + 1
      this.streams.push()
    }
    return this.#rev
  }

  /** Checks undecided tokens again, because keys are available again. */
  retry() {
    this.#host.send({ type: 'keys.refreshed' })
  }

  /**
   * Resolves as soon as a verdict is reached, or with `timedOut` after `timeout` ms. Rejects with the reason of
   * `signal`.
   */
  whenChecked(timeout: number, signal?: AbortSignal): Promise<AuthView> {
    this.#verdicts ??= createVerdictWait(() => this.view())
    return this.#verdicts.wait(timeout, signal)
  }

  stop() {
    this.#isStopped = true
    this.#host.stop()
    for (const awaited of this.#awaited?.values() ?? []) decide(awaited, cutOff)
    this.#awaited = null
    this.#verdicts?.giveUp()
  }

  /** Takes in a signal of the machine of this session. */
  receive(signal: HostSignal) {
    switch (signal.type) {
      case 'token.settled':
        return this.#settle(signal.id, { outcome: signal.outcome, error: signal.error })
      case 'token.discarded':
        this.#discarded?.push(signal.token)
        return this.#settle(signal.id, { outcome: 'discarded', error: toCodeView('token-superseded') })
      case 'view.changed':
        return this.#change()
      default:
        return undefined
    }
  }

  #settle(id: string | undefined, verdict: Verdict) {
    const awaited = id === undefined ? undefined : this.#awaited?.get(id)
    if (id === undefined || !awaited) return
    this.#awaited?.delete(id)
    if (this.#awaited?.size === 0) this.#awaited = null
    if (verdict.outcome === 'accepted') this.#by = { tab: awaited.tab }
    decide(awaited, verdict)
  }

  #change() {
    const previous = this.#identity
    const view = this.view()
    const by = this.#by
    this.#by = null
    // The machine moved, but the view shows no difference: a check has begun, or the token was refused like the one
    // before it.
    if (isSameView(view, previous) && toStateLabel(view) === toStateLabel(previous)) return
    this.#identity = view
    if (!isSameIdentity(previous, view)) {
      this.#runtime.onChange(this, { view, previous, reason: this.#cause ?? toReason(view), by })
    } else if (isSameOrganization(previous, view)) {
      this.#runtime.onChange(this, null)
    } else {
      this.#runtime.onChange(this, null, { view, previous, reason: this.#cause ?? toReason(view) })
    }
    this.streams.push()
    this.#verdicts?.look()
  }

  #sendBecause(cause: AuthChangeReason, event: AuthEvent) {
    this.#cause = cause
    try {
      this.#host.send(event)
    } finally {
      this.#cause = null
    }
  }
}

function decide(awaited: AwaitedToken, verdict: Verdict) {
  awaited.verdict = verdict
  awaited.resolve?.(verdict)
}

/** The verdict on a token whose session is no longer held: no machine is left to decide on it. */
const cutOff: Verdict = { outcome: 'undecided', error: toCodeView('draining') }

const toReason = ({ isSignedIn, state, error }: AuthView): AuthChangeReason => {
  if (isSignedIn) return 'token'
  // In `verifying`, the proof expired while its renewal was still being checked.
  return state === 'verifying' || error?.code === 'token-expired' ? 'expired' : 'refused'
}

/** @returns true if two views differ in nothing but `now`, `channel` and `rev` */
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
