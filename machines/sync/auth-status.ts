import type { SnapshotFrom } from 'xstate'
import { toUncheckedView, type AuthStateName, type AuthView } from '../auth-view.ts'
import {
  isClearDue,
  isCurrent,
  isHeld,
  isPolling,
  isRestoring,
  isStreamFailing,
  isStreamLost,
  toCurrentFailure,
} from './status-rules.ts'
import type { SyncContext } from './sync-context.ts'
import type { SyncFailure } from './sync-error.ts'
import type { syncMachine } from './sync.machine.ts'

/**
 * The way in which a page hears from the server:
 * - `connecting`: no view or answer of the server has arrived yet.
 * - `live`: a stream brings the views.
 * - `polling`: no stream gets through, and the page asks for the view every few seconds.
 * - `lost`: the server has been silent for 3 s and does not answer, or it lost the session; the client tries again.
 * - `restored`: the connection has been back for less than 5 s; then it is `live`.
 */
export type AuthConnection = 'connecting' | 'live' | 'polling' | 'lost' | 'restored'

/** The state that a page should show. */
export type AuthStatus = 'loading' | 'authenticated' | 'unauthenticated' | 'failed'

/** The facts from which a status follows. */
export interface AuthStatusFacts {
  /** Clerk's state in this tab. */
  readonly clerk: 'loading' | 'signedIn' | 'signedOut'
  /** State of the server's view at this moment. */
  readonly state: AuthStateName
  /** The view shows a signed-in user, and its token has not expired by the server's clock. */
  readonly isHeld: boolean
  /** The user and the Clerk session of the view are those that Clerk reports. */
  readonly isSameSession: boolean
  /** The server refused for a reason that does not go away when the client asks again. */
  readonly isFinal: boolean
  /** `due` while the client still has to tell the server something, `degraded` if it could not, else `settled`. */
  readonly sync: 'settled' | 'due' | 'degraded'
}

/**
 * Maps facts to a status in such a way that the page does not flash. The status is `unauthenticated` only if server and
 * Clerk agree that no user is signed in. Clerk's own sign-in page sends a signed-in user away, so a page that showed it
 * after a final refusal of the server would load without end; a final refusal is `failed`. While something is still
 * being settled, the status is `loading`, or stays `authenticated` as long as the view holds.
 */
export function toAuthStatus({ clerk, state, isHeld, isSameSession, isFinal, sync }: AuthStatusFacts): AuthStatus {
  const isAgreed = sync === 'settled' || (clerk === 'signedIn' && isSameSession) || clerk === 'loading'
  if (isHeld && isAgreed) return 'authenticated'
  if (clerk === 'loading') return sync === 'degraded' ? 'failed' : 'loading'
  if (state === 'signedOut' && clerk === 'signedOut') return 'unauthenticated'
  const isRefused = state === 'error' || (state === 'signedOut' && isFinal)
  if (sync === 'degraded' || (isRefused && sync === 'settled')) return 'failed'
  return 'loading'
}

const expiredViews = new WeakMap<AuthView, AuthView>()

/**
 * Returns the newest view as it counts at this moment. After expiry and tolerance, by the server's clock, it is
 * `unchecked` and names no user, even if the server cannot be reached. For a few seconds after the server lost the
 * session (a deployment without a shared store) it is the last view that proved the user, while the tab proves itself
 * again. The reference stays the same as long as nothing changes.
 */
export function toHeldView(context: SyncContext): AuthView {
  const { view, proof } = context
  if (proof && isRestoring(context)) return proof
  if (!view.isSignedIn || isHeld(context)) return view
  const { channel, rev, now } = view
  const known = expiredViews.get(view) ?? { ...toUncheckedView(now), channel, rev }
  expiredViews.set(view, known)
  return known
}

/** An error that a page may show; it comes from the browser or from the server's view. */
export interface AuthFailure extends Pick<SyncFailure, 'code' | 'message' | 'retryable'> {
  /** The remedy, in one sentence. */
  readonly remedy: string
}

const shown = new WeakMap<Failure, AuthFailure>()
type Failure = NonNullable<SyncContext['lastFailure']>

/** Adds the remedy to a failure. The same failure and remedy always give the same reference. */
function toShown({ toRemedy }: SyncContext, failure: Failure | null): AuthFailure | null {
  if (!failure) return null
  const { code, message, retryable } = failure
  const remedy = toRemedy(failure)
  const known = shown.get(failure)
  if (known?.remedy === remedy) return known
  const made = { code, message, retryable, remedy }
  shown.set(failure, made)
  return made
}

/** Returns the last failure that still matters, or null once server and Clerk agree. */
export function toAuthFailure(context: SyncContext): AuthFailure | null {
  return toShown(context, toCurrentFailure(context))
}

/** Returns the last failure, even if it no longer matters, or null if there was none. */
export function toLastFailure(context: SyncContext): AuthFailure | null {
  return toShown(context, context.lastFailure)
}

/**
 * Returns the reason why server and Clerk cannot be brought to agree, even while the client keeps trying. It is null
 * while they agree or are about to.
 */
export function toDegradation(snapshot: SnapshotFrom<typeof syncMachine>): AuthFailure | null {
  return toAuthStatusFacts(snapshot).sync === 'degraded' ? toAuthFailure(snapshot.context) : null
}

/**
 * True while a token is requested or posted and the page shows a signed-in user, because the proving token is about to
 * expire or is of another organization.
 */
export function isRenewing(snapshot: SnapshotFrom<typeof syncMachine>): boolean {
  const { session } = snapshot.value
  const isInAir = session === 'posting' || (typeof session === 'object' && session.fetchingToken === 'requesting')
  return isInAir && !isCurrent(snapshot.context) && toAuthStatus(toAuthStatusFacts(snapshot)) === 'authenticated'
}

/** Returns the way in which the page hears from the server at this moment. */
export function toAuthConnection({ context, value }: SnapshotFrom<typeof syncMachine>): AuthConnection {
  const isOpen = value.stream === 'open'
  if (context.isUnshared || isPolling(context)) return 'polling'
  if (isStreamLost(context) || isRestoring(context)) return 'lost'
  if (isOpen) return context.isRestored ? 'restored' : 'live'
  // The stream broke a moment ago, or another one is wanted, which opens at once.
  return context.channel !== '' && value.stream !== 'closed' ? 'live' : 'connecting'
}

/** Returns the facts of a snapshot that decide the status of the page. Pass them to {@link toAuthStatus}. */
export function toAuthStatusFacts(snapshot: SnapshotFrom<typeof syncMachine>): AuthStatusFacts {
  const { context, value } = snapshot
  const { identity, isClerkLoaded, failure, attempts, retries } = context
  const view = toHeldView(context)
  const isSpent = value.session === 'degraded' || attempts > retries
  const isUndecided = view.state === 'error' && failure !== null
  const isClerkMissing = !isClerkLoaded && failure?.code === 'clerk-unavailable'
  const isAtRest = value.session === 'confirmed' || value.session === 'signedOut'
  return {
    clerk: isClerkLoaded ? (identity ? 'signedIn' : 'signedOut') : 'loading',
    state: view.state,
    isHeld: view.isSignedIn,
    isSameSession: view.userId === identity?.userId && view.sessionId === identity?.sessionId,
    isFinal: view.error?.retryable === false,
    sync:
      isSpent || isUndecided || isClerkMissing || isStreamFailing(context)
        ? 'degraded'
        : isAtRest && !isClearDue(context)
          ? 'settled'
          : 'due',
  }
}
