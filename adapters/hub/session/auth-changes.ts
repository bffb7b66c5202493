import type { AuthView } from '../../../machines/auth-view.ts'
import type { Logger } from '../../logger.ts'

/** What made the identity of a session change. */
export type AuthChangeReason = 'token' | 'cleared' | 'revoked' | 'expired' | 'refused' | 'adopted'

/** Somebody signed in or out, or a session changed its user or Clerk session. */
export interface AuthChange {
  /** The view now, with the full claims. */
  readonly view: AuthView
  /** The view before. */
  readonly previous: AuthView
  /**
   * `token`: an accepted token · `cleared`: the browser signed out · `revoked`: Clerk session or user revoked ·
   * `expired`: no renewal in time, a browser that never sent its cookie, or another session took its place at a limit ·
   * `refused`: a pending Clerk session, or a refused token with `refusedToken: 'signOut'` · `adopted`: decided by another
   * node.
   */
  readonly reason: AuthChangeReason
}

/** A change as the session itself tells of it. */
export interface SessionChange extends AuthChange {
  /** Who brought the token that decided, if its verdict is still awaited. */
  readonly by: { readonly tab: string | undefined } | null
}

export type AuthChangeListener = (change: AuthChange) => unknown

export interface AuthChangeOptions {
  /** Unsubscribes when it aborts. */
  readonly signal?: AbortSignal
  /** Also hear of what other nodes decided; default false, so that of all nodes one acts. */
  readonly adopted?: boolean
  /** Also hear of another organization, or another role in it, of the same user and Clerk session; default false. */
  readonly organization?: boolean
}

export interface AuthChanges {
  subscribe(listener: AuthChangeListener, options?: AuthChangeOptions): () => void
  /** `organization`: the identity is the same as before. */
  publish(change: AuthChange, scope?: 'identity' | 'organization'): void
}

/** Listeners are a set: one function registered twice is called once. One that throws or rejects is logged. */
export function createAuthChanges(logger: Logger): AuthChanges {
  const listeners = new Map<AuthChangeListener, { readonly adopted: boolean; readonly organization: boolean }>()
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
        try {
          const result = listener(change)
          if (result instanceof Promise) result.catch(report)
        } catch (error) {
          report(error)
        }
      }
    },
  }
}
