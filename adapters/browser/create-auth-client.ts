import { createActor } from 'xstate'
import type { AuthView } from '../../machines/auth-view.ts'
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
import { contain } from '../../machines/contain.ts'
import { onIdentityChange, type AuthChange, type AuthChangeOptions } from '../../machines/on-auth-change.ts'
import { toOverdueLimit } from '../../machines/sync/sync-rules.ts'
import { syncMachine } from '../../machines/sync/sync.machine.ts'
import { toClerkIdentity, type ClerkState } from './clerk-state.ts'
import { requireClientOptions, type AuthClientOptions } from './client-options.ts'
import { createFailures } from './failures.ts'
import { watchPage } from './page-signals.ts'
import { toRandomLabel } from './random-label.ts'
import { createSharedReader } from './shared-reader.ts'
import { canShareStream, createOwnReader } from './stream-reader.ts'
import { createSyncActors } from './sync-actors.ts'
import { createTransport, type Transport } from './transport.ts'
import { onValueChange, toView, type SyncActor } from './view-changes.ts'
import { whenViewChecked, type WhenViewCheckedOptions } from './when-view-checked.ts'

/** Keeps one browser tab and the server of one mind about who is signed in. */
export interface AuthClient {
  readonly actor: SyncActor
  /** The actor as it was made, for ever: what a server renders by, and what a page hydrates by. */
  readonly initial: Pick<SyncActor, 'getSnapshot' | 'subscribe'>
  /** What the server knows, as of the last frame; `unchecked` before the first. Never signed in past the expiry. */
  readonly view: AuthView
  /** What the page should show. */
  readonly status: AuthStatus
  /** How the page hears of the server. */
  readonly connection: AuthConnection
  /** The last thing that went wrong and still matters; null once server and Clerk agree. */
  readonly error: AuthFailure | null
  /** The last thing that went wrong, also where it has healed since; null where nothing ever did. */
  readonly lastError: AuthFailure | null
  /** Why server and Clerk could not be brought to agree; null otherwise. The page may show somebody signed in meanwhile. */
  readonly degraded: AuthFailure | null
  /** A fresh token is being asked for or posted, while the page shows somebody signed in. */
  readonly isRenewing: boolean
  /** Opens the stream. Starting twice is starting once. */
  start(): void
  /** Closes the stream and rests until the next start. The server's session is left alone. */
  stop(): void
  /** Tells what Clerk says, as often as you like: only a change counts. */
  setIdentity(clerk: ClerkState): void
  /**
   * Tries again where it had given up or was waiting: now, or, where the server has named a moment by `Retry-After`, not
   * before that. Nothing else changes: it is no focus.
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
   * Calls the listener at once with the current view, and then whenever somebody signs in, signs out, or another user or
   * Clerk session takes over. Returns the function that ends it, as does the signal.
   */
  onAuthChange(listener: (change: AuthChange) => void, options?: AuthChangeOptions): () => void
  /** Resolves with the view once the server has a verdict, good or bad, or the time is up (`timedOut: true`). */
  whenChecked(options?: WhenViewCheckedOptions): Promise<AuthView>
}

/**
 * Creates the client of one tab. Nothing is sent before `start()`: it may be created while rendering, on a server too.
 *
 * @throws TypeError naming the option
 * @example
 * const client = createAuthClient()
 * client.start()
 * client.onAuthChange(({ view }) => console.log(view.userId))
 */
export function createAuthClient(options: AuthClientOptions = {}): AuthClient {
  requireClientOptions(options)
  const {
    basePath = '/auth',
    url,
    credentials = url ? 'include' : 'same-origin',
    // Looked up at each call, so that what wraps `fetch` later is seen.
    fetch = (...request) => globalThis.fetch(...request),
    shareStream = options.fetch === undefined && credentials !== 'omit',
    getToken = async (wish) => clerk?.getToken(wish) ?? null,
    initialView: view,
    stream = typeof Response === 'undefined' || 'body' in Response.prototype,
    onError,
    inspect,
    clock = globalThis,
    ...input
  } = options
  let clerk: ClerkState | null = null
  let unwatch: (() => void) | null = null
  // Made at the start: a framework that renders ahead of time may forbid randomness in a component.
  let tab = ''

  const endpoint = (url ?? basePath).replace(/\/+$/, '')
  const now = input.now ?? Date.now
  const setTimer = (run: () => void, delay: number) => clock.setTimeout(run, delay)
  const transport = createTransport({ endpoint, credentials, fetch, now })
  const readStream: Transport['readStream'] = (...read) => transport.readStream(...read)
  const reader =
    stream && shareStream && canShareStream()
      ? createSharedReader({
          name: `authchart/1 ${credentials} ${endpoint}`,
          readStream,
          now,
          setTimer,
          toOverdueLimit: () => toOverdueLimit(actor.getSnapshot().context),
          onFound: () => actor.send({ type: 'network.online' }),
        })
      : createOwnReader(readStream)
  const failures = createFailures(onError, now)
  const actors = createSyncActors({
    transport: { ...transport, readStream: reader.readStream },
    getToken,
    setTimer,
    onError: failures.explain,
  })
  const actor = createActor(syncMachine.provide({ actors }), {
    clock,
    input: { ...input, stream, tab: '', view },
    ...(inspect && { inspect: (event) => contain(() => inspect(event)) }),
  }).start()

  failures.watch(actor)
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
      failures.begin()
      unwatch = watchPage((event) => actor.send(event))
      actor.send({ type: 'client.started', tab: (tab ||= toRandomLabel()) })
      tellClerk()
    },
    stop() {
      unwatch?.()
      unwatch = null
      actor.send({ type: 'client.stopped' })
      reader.close()
    },
    setIdentity(state) {
      clerk = state
      if (unwatch) tellClerk()
    },
    retry: () => actor.send({ type: 'retry.wanted' }),
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
