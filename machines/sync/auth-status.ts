import type { SnapshotFrom } from 'xstate'
import { toUncheckedView } from '../auth-view.ts'
import type { AuthStateName, AuthView } from '../auth-view.ts'
import type { SyncContext } from './sync-context.ts'
import type { SyncFailure } from './sync-error.ts'
import type { syncMachine } from './sync.machine.ts'
import { toRemedy } from '../remedies.ts'
import {
  isClearDue,
  isCurrent,
  isHeld,
  isPolling,
  isRestoring,
  isStreamFailing,
  isStreamLost,
  toCurrentFailure,
} from './sync-rules.ts'

/**
 * How a page hears of the server. `connecting`: for the first time · `live`: by its stream · `polling`: no stream gets
 * through, and the view is asked for every few seconds · `lost`: the server has not been heard for 3 s and does not
 * answer, or it lost the session, and both are being brought back · `restored`: they are back since less than 5 s, and then it is `live`.
 */
export type AuthConnection = 'connecting' | 'live' | 'polling' | 'lost' | 'restored'

/** What a page should show. */
export type AuthStatus = 'loading' | 'authenticated' | 'unauthenticated' | 'failed'

/** The facts on which a status rests. */
export interface AuthStatusFacts {
  readonly clerk: 'loading' | 'signedIn' | 'signedOut'
  /** State of the server's view, as it stands at this moment. */
  readonly state: AuthStateName
  /** The view shows somebody signed in, and its token has not expired by the server's clock. */
  readonly isHeld: boolean
  /** The view's user and Clerk session are those that Clerk says are signed in. */
  readonly isSameSession: boolean
  /** The server refused in a way that asking again does not lift. */
  readonly isFinal: boolean
  /** Whether the server still has to be told something, has been, or could not be. */
  readonly sync: 'settled' | 'due' | 'degraded'
}

/**
 * Maps facts to a status without a flash. The sign-in page shows only where server and Clerk agree that nobody is signed
 * in: Clerk's own sign-in page sends a signed-in user away, so that a page which shows it beside a final refusal of the
 * server would load without end. That refusal is `failed`. What is still being settled is `loading`, or still
 * `authenticated` while the view holds.
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

const lapsed = new WeakMap<AuthView, AuthView>()

/**
 * The newest view as it stands at this moment: past expiry and tolerance, by the server's clock, it is `unchecked` and
 * names nobody, even if the server cannot be heard. For a few seconds after the server lost the session (a deployment
 * without a shared store) it is the last one that still counts, while the tab proves itself again. The same reference as
 * long as nothing changes.
 */
export function toHeldView(context: SyncContext): AuthView {
  const { view, proof } = context
  if (proof && isRestoring(context)) return proof
  if (!view.isSignedIn || isHeld(context)) return view
  const { channel, rev, now } = view
  const known = lapsed.get(view) ?? { ...toUncheckedView(now), channel, rev }
  lapsed.set(view, known)
  return known
}

/** An error as a page may show it: of the browser, or of the server's view. */
export interface AuthFailure extends Pick<SyncFailure, 'code' | 'message' | 'retryable'> {
  /** What helps, in a sentence. */
  readonly remedy: string
}

const shown = new WeakMap<Failure, AuthFailure>()
type Failure = NonNullable<SyncContext['lastFailure']>

/** With the remedy. The reference is stable. */
function toShown(failure: Failure | null): AuthFailure | null {
  if (!failure) return null
  const { code, message, retryable } = failure
  const known = shown.get(failure) ?? { code, message, retryable, remedy: toRemedy(failure) }
  shown.set(failure, known)
  return known
}

/** The last thing that went wrong and still matters; null once server and Clerk agree. */
export function toAuthFailure(context: SyncContext): AuthFailure | null {
  return toShown(toCurrentFailure(context))
}

/** The last thing that went wrong, also where it is over; null where nothing did. */
export function toLastFailure({ lastFailure }: SyncContext): AuthFailure | null {
  return toShown(lastFailure)
}

/** Why server and Clerk could not be brought to agree, tried on or not; null while they agree, or are about to. */
export function toDegradation(snapshot: SnapshotFrom<typeof syncMachine>): AuthFailure | null {
  return toAuthStatusFacts(snapshot).sync === 'degraded' ? toAuthFailure(snapshot.context) : null
}

/**
 * A token is being asked for or posted while the page shows somebody signed in: the one that proves it is about to expire,
 * or is of another organization.
 */
export function isRenewing(snapshot: SnapshotFrom<typeof syncMachine>): boolean {
  const { session } = snapshot.value
  const isInAir = session === 'posting' || (typeof session === 'object' && session.fetchingToken === 'requesting')
  return isInAir && !isCurrent(snapshot.context) && toAuthStatus(toAuthStatusFacts(snapshot)) === 'authenticated'
}

export function toAuthConnection({ context, value }: SnapshotFrom<typeof syncMachine>): AuthConnection {
  const isOpen = value.stream === 'open'
  if (context.isUnshared || isPolling(context)) return 'polling'
  if (isStreamLost(context) || isRestoring(context)) return 'lost'
  if (isOpen) return context.isRestored ? 'restored' : 'live'
  // It broke a moment ago, or another one is wanted: it will be there at once.
  return context.channel !== '' && value.stream !== 'closed' ? 'live' : 'connecting'
}

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
