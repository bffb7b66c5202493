import type { AuthView } from '../../machines/auth-view.ts'
import type { SyncActor } from './create-auth-client.ts'
import { onViewChange, toView } from './view-changes.ts'

export interface WhenViewCheckedOptions {
  /** Ms to wait at most, counted from the call. Default 5000. */
  readonly timeout?: number
  /** Gives up with the signal's reason. */
  readonly signal?: AbortSignal
}

/**
 * Resolves as soon as the server has a verdict, good or bad; at once where it has one. When the time is up it resolves
 * with the view of that moment and `timedOut: true`. Rejects only with the reason of an aborted signal.
 */
export function whenViewChecked(actor: SyncActor, options: WhenViewCheckedOptions = {}): Promise<AuthView> {
  const { timeout = 5_000, signal } = options
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    if (toView(actor).authChecked) return resolve({ ...toView(actor), timedOut: false })

    const finish = (timedOut: boolean) => {
      release()
      resolve({ ...toView(actor), timedOut })
    }
    const abort = () => {
      release()
      reject(signal?.reason)
    }
    const timer = setTimeout(finish, timeout, true)
    const stop = onViewChange(actor, (view) => view.authChecked && finish(false))
    signal?.addEventListener('abort', abort, { once: true })

    function release() {
      clearTimeout(timer)
      stop()
      signal?.removeEventListener('abort', abort)
    }
  })
}
