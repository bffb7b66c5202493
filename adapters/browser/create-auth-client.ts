import type { AuthView } from '../../machines/auth-view.ts'
import { onIdentityChange, type AuthChange, type AuthChangeOptions } from '../../machines/on-auth-change.ts'
import {
  isRenewing,
  toAuthConnection,
  toAuthFailure,
  toAuthStatus,
  toAuthStatusFacts,
  toDegradation,
  toLastFailure,
  type AuthConnection,
  type AuthFailure,
  type AuthStatus,
} from '../../machines/sync/auth-status.ts'
import { toClerkIdentity, type ClerkState } from './clerk-state.ts'
import { resolveClientOptions, type AuthClientOptions } from './client-options.ts'
import { watchPage } from './page-signals.ts'
import { toRandomLabel } from './random-label.ts'
import { createSyncHost } from './sync-host.ts'
import { onValueChange, toView, type SyncActor } from './view-changes.ts'
import { whenViewChecked, type WhenViewCheckedOptions } from './when-view-checked.ts'

/** Keeps the server's view of one browser tab equal to Clerk's state in that tab. */
export interface AuthClient {
  /**
   * The actor of the sync machine. Until the code of the machine is loaded it has only `getSnapshot`, `subscribe` and
   * `send`, and from then on all of the real actor. If you need the real one at once, to compare it or to inspect its
   * system, `await preloadAuthClient()` before you create the client.
   */
  readonly actor: SyncActor
  /** The actor as it was when it was created, permanently. A server renders with it, and a page hydrates with it. */
  readonly initial: Pick<SyncActor, 'getSnapshot' | 'subscribe'>
  /** The server's view as of the last frame; `unchecked` before the first. It is never signed in past the expiry. */
  readonly view: AuthView
  /** The status for the page to show. */
  readonly status: AuthStatus
  /** The way in which the page hears from the server. */
  readonly connection: AuthConnection
  /** The last failure that still matters; null once server and Clerk agree. */
  readonly error: AuthFailure | null
  /** The last failure, even if it no longer matters; null if there was none. */
  readonly lastError: AuthFailure | null
  /**
   * The reason why server and Clerk could not be brought to agree, else null. The page may still show a signed-in user.
   */
  readonly degraded: AuthFailure | null
  /** True while a fresh token is requested or posted and the page shows a signed-in user. */
  readonly isRenewing: boolean
  /** Opens the stream. A second call has no effect. */
  start(): void
  /** Closes the stream until the next start. The server's session stays as it is. */
  stop(): void
  /** Passes on Clerk's state. You may call it as often as you like, because only a change counts. */
  setIdentity(clerk: ClerkState): void
  /**
   * Tries again after the client gave up or while it waits: now, or, if the server has named a moment by `Retry-After`,
   * not before that. It changes nothing else and does not count as a focus.
   */
  retry(): void
  /**
   * Calls the listener with the view after each change of anything above: `view`, `status`, `connection`, `error`,
   * `lastError`, `degraded`, `isRenewing`. It fits React's `useSyncExternalStore`.
   *
   * @returns the function that ends it
   */
  subscribe(listener: (view: AuthView) => void): () => void
  /**
   * Calls the listener at once with the current view, and then whenever a user signs in or out, or another user or
   * Clerk session takes over. The returned function ends it, as does the signal.
   */
  onAuthChange(listener: (change: AuthChange) => void, options?: AuthChangeOptions): () => void
  /** Resolves with the view once the server has a verdict, good or bad, or the time is up (`timedOut: true`). */
  whenChecked(options?: WhenViewCheckedOptions): Promise<AuthView>
}

/**
 * Creates the client of one tab. It sends nothing before `start()`, so you may create it while rendering, also on a
 * server.
 *
 * @throws TypeError that names the option
 * @example
 * const client = createAuthClient()
 * client.start()
 * client.onAuthChange(({ view }) => console.log(view.userId))
 */
export function createAuthClient(options: AuthClientOptions = {}): AuthClient {
  let clerk: ClerkState | null = null
  let unwatch: (() => void) | null = null
  // The label is created at the start, because a framework that renders ahead of time may forbid randomness in a
  // component.
  let tab = ''

  const { getToken = async (wish) => clerk?.getToken(wish) ?? null, ...resolved } = resolveClientOptions(options)
  const host = createSyncHost({ ...resolved, getToken })
  const { actor } = host
  const made = actor.getSnapshot()
  const initial = { getSnapshot: () => made, subscribe: () => ({ unsubscribe() {} }) }

  const tellClerk = () => {
    if (clerk) actor.send({ type: 'clerk.changed', isLoaded: clerk.isLoaded, identity: toClerkIdentity(clerk) })
  }

  const client: AuthClient = {
    actor,
    initial,
    get view() {
      return toView(actor)
    },
    get status() {
      return toAuthStatus(toAuthStatusFacts(actor.getSnapshot()))
    },
    get connection() {
      return toAuthConnection(actor.getSnapshot())
    },
    get error() {
      return toAuthFailure(actor.getSnapshot().context)
    },
    get lastError() {
      return toLastFailure(actor.getSnapshot().context)
    },
    get degraded() {
      return toDegradation(actor.getSnapshot())
    },
    get isRenewing() {
      return isRenewing(actor.getSnapshot())
    },
    start() {
      if (unwatch) return
      unwatch = watchPage(host.send)
      host.start({ type: 'client.started', tab: (tab ||= toRandomLabel()) })
      tellClerk()
    },
    stop() {
      unwatch?.()
      unwatch = null
      host.stop()
    },
    setIdentity(state) {
      clerk = state
      if (unwatch) tellClerk()
    },
    retry: () => host.send({ type: 'retry.requested' }),
    // Its values are what it shows, and functions, which never change.
    subscribe: (listener) =>
      onValueChange(
        actor,
        () => Object.values(client),
        () => listener(client.view),
      ),
    onAuthChange: (listener, wish) => onIdentityChange(actor, () => toView(actor), listener, wish),
    whenChecked: (wish) => whenViewChecked(actor, wish),
  }
  return client
}
