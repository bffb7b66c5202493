import type { AuthView, ServerView } from '../../../machines/auth-view.ts'
import type { AuthChange, AuthChangeOptions } from '../../../machines/on-auth-change.ts'
import { containAsync } from '../../contain-async.ts'
import type { Logger } from '../../logger.ts'

/** The cause of a change of identity. */
export type AuthChangeReason = 'token' | 'cleared' | 'revoked' | 'expired' | 'refused' | 'adopted'

/** A change of identity in one of the sessions of a server. The view has the full claims. */
export interface ServerAuthChange extends AuthChange {
  /** The view before. */
  readonly previous: AuthView
  /**
   * `token`: an accepted token · `cleared`: the browser signed out · `revoked`: Clerk session or user revoked ·
   * `expired`: no renewal in time, the end of its lifetime, a browser that never sent its cookie, or another session took
   * its place at a limit ·
   * `refused`: a pending Clerk session, or a refused token with `refusedToken: 'signOut'` · `adopted`: decided by
   * another node.
   */
  readonly reason: AuthChangeReason
}

/** A change as the session itself reports it. */
export interface SessionChange extends ServerAuthChange {
  readonly view: ServerView
  readonly previous: ServerView
  /** The tab whose accepted token decided the change, if a request awaited the verdict on it; else null. */
  readonly by: { readonly tab: string | undefined } | null
}

/** Is called with each change of an identity. A returned promise is not waited for. */
export type ServerAuthChangeListener = (change: ServerAuthChange) => unknown

/** Options of `onAuthChange`. */
export interface ServerAuthChangeOptions extends AuthChangeOptions {
  /**
   * If true, the listener also hears of changes that another node decided. Default false, so that only one node acts on
   * a change.
   */
  readonly adopted?: boolean
}

export interface AuthChanges {
  subscribe(listener: ServerAuthChangeListener, options?: ServerAuthChangeOptions): () => void
  /** @param scope `organization` if the identity is the same as before. Default `identity`. */
  publish(change: ServerAuthChange, scope?: 'identity' | 'organization'): void
}

/**
 * Creates the list of listeners. A function that subscribes twice is called once. If a listener throws or rejects, that
 * is logged.
 */
export function createAuthChanges(logger: Logger): AuthChanges {
  const listeners = new Map<ServerAuthChangeListener, { readonly adopted: boolean; readonly organization: boolean }>()
  const report = (error: unknown) => logger.error('listener.failed', { listener: 'onAuthChange', error })

  return {
    subscribe(listener, { signal, adopted = false, organization = false } = {}) {
      const unsubscribe = () => {
        listeners.delete(listener)
        signal?.removeEventListener('abort', unsubscribe)
      }
      if (signal?.aborted) return unsubscribe
      listeners.set(listener, { adopted, organization })
      signal?.addEventListener('abort', unsubscribe, { once: true })
      return unsubscribe
    },
    publish(change, scope = 'identity') {
      for (const [listener, { adopted, organization }] of listeners) {
        if ((change.reason === 'adopted' && !adopted) || (scope === 'organization' && !organization)) continue
        containAsync(() => listener(change), report)
      }
    },
  }
}
