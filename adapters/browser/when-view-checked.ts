import type { AuthView } from '../../machines/auth-view.ts'
import { waitForVerdict, type VerdictSource } from '../../machines/wait-for-verdict.ts'
import { onValueChange, toView, type SyncActor } from './view-changes.ts'

/** Options of `client.whenChecked`. */
export interface WhenViewCheckedOptions {
  /** Milliseconds to wait at most, from the call on. Default 5000. */
  readonly timeout?: number
  /** Rejects with the signal's reason when it aborts. */
  readonly signal?: AbortSignal
}

/**
 * Resolves as soon as the server has a verdict, good or bad, and at once if it already has one. When the time is up it
 * resolves with the view of that moment and `timedOut: true`. It rejects only with the reason of an aborted signal.
 */
export function whenViewChecked(actor: SyncActor, options: WhenViewCheckedOptions = {}): Promise<AuthView> {
  const { timeout = 5_000, signal } = options
  const source: VerdictSource = {
    view: () => toView(actor),
    subscribe: (look) => onValueChange(actor, () => [toView(actor)], look),
    startTimer(run, ms) {
      const timer = setTimeout(run, ms)
      return () => clearTimeout(timer)
    },
  }
  return waitForVerdict(source, timeout, signal)
}
