import type { ActorRefFrom } from 'xstate'
import { toAuthView, type AuthView } from './auth-view.ts'
import type { AuthMachine } from './auth.machine.ts'
import { waitForVerdict, type VerdictSource } from './wait-for-verdict.ts'

/** Options of {@link whenChecked}. */
export interface WhenCheckedOptions {
  /**
   * Milliseconds to wait at most from the call on, by the actor's own clock; default the machine's `authWaitTimeout`.
   */
  readonly timeout?: number
  /** Rejects with the signal's reason when it aborts. */
  readonly signal?: AbortSignal
}

/**
 * Resolves as soon as a verdict is reached, good or bad, without polling, and at once if there is one already. When the
 * time is up, or the actor stops, it resolves with the view of that moment and `timedOut: true`; here `timedOut` is
 * about this wait. It rejects only with the reason of an aborted `signal`.
 */
export function whenChecked(actor: ActorRefFrom<AuthMachine>, options: WhenCheckedOptions = {}): Promise<AuthView> {
  const { signal, timeout = actor.getSnapshot().context.settings.authWaitTimeout } = options
  // This is the clock that `createActor(machine, { clock })` was given.
  const { clock } = actor as unknown as {
    clock: { setTimeout: typeof setTimeout; clearTimeout: typeof clearTimeout }
  }
  const source: VerdictSource = {
    view: () => toAuthView(actor.getSnapshot()),
    subscribe(look, giveUp) {
      const subscription = actor.subscribe({ next: look, error: giveUp, complete: giveUp })
      return () => subscription.unsubscribe()
    },
    startTimer(run, ms) {
      const timer = clock.setTimeout(run, ms)
      return () => clock.clearTimeout(timer)
    },
  }
  return waitForVerdict(source, timeout, signal)
}
