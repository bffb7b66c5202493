import type { SnapshotFrom } from 'xstate'
import { toUncheckedView } from './auth-view.ts'
import type { AuthStateName, AuthView } from './auth-view.ts'
import type { SyncContext } from './sync-context.ts'
import type { SyncFailure } from './sync-error.ts'
import type { syncMachine } from './sync.machine.ts'
import { isClearDue, isHeld, isPolling, isRestoring, isStreamFailing } from './sync-rules.ts'

/**
 * How a page hears of the server. `connecting`: for the first time · `live`: by its stream · `polling`: no stream gets
 * through, and the view is asked for every few seconds · `restoring`: the stream is lost, or the server lost the session,
 * and both are being brought back · `lost`: the stream was refused, or fails and fails.
 */
export type AuthConnection = 'connecting' | 'live' | 'polling' | 'restoring' | 'lost'

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
export type AuthFailure = Pick<SyncFailure, 'code' | 'message' | 'retryable'>

/** The last thing that went wrong and still matters; null once server and Clerk agree. The reference is stable. */
export function toAuthFailure({ failure, streamFailure, view }: SyncContext): AuthFailure | null {
  return failure ?? streamFailure ?? view.error
}

export function toAuthConnection({ context, value }: SnapshotFrom<typeof syncMachine>): AuthConnection {
  if (value.stream === 'open') return isRestoring(context) ? 'restoring' : 'live'
  if (context.isUnshared || isPolling(context)) return 'polling'
  if (isStreamFailing(context)) return 'lost'
  return context.channel === '' && !context.hasPolled ? 'connecting' : 'restoring'
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
