import type { ActorRefFrom } from 'xstate'
import { toAuthView } from './auth-view.ts'
import type { AuthView } from './auth-view.ts'
import type { AuthMachine } from './auth.machine.ts'

export interface WhenCheckedOptions {
  /** Ms to wait at most, counted from the call, on the actor's own clock; default the machine's `authWaitTimeout`. */
  readonly timeout?: number
  /** Gives up with the signal's reason. */
  readonly signal?: AbortSignal
}

/**
 * Resolves as soon as a verdict stands, good or bad, without polling; at once where one stands already. When the time
 * is up, or the actor stops, it resolves with the view of that moment and `timedOut: true`: here `timedOut` speaks of
 * this wait. Rejects only with the reason of an aborted `signal`.
 */
export function whenChecked(actor: ActorRefFrom<AuthMachine>, options: WhenCheckedOptions = {}): Promise<AuthView> {
  const { signal, timeout = actor.getSnapshot().context.settings.authWaitTimeout } = options
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const view = toAuthView(actor.getSnapshot())
    if (view.authChecked) return resolve({ ...view, timedOut: false })

    const giveUp = () => {
      release()
      resolve({ ...toAuthView(actor.getSnapshot()), timedOut: true })
    }
    const abort = () => {
      release()
      reject(signal?.reason)
    }
    const subscription = actor.subscribe({
      next: (snapshot) => {
        const next = toAuthView(snapshot)
        if (!next.authChecked) return
        release()
        resolve({ ...next, timedOut: false })
      },
      error: giveUp,
      complete: giveUp,
    })
    // The system's clock is where XState keeps the one that `createActor(machine, { clock })` was given.
    const { clock } = actor as unknown as {
      clock: { setTimeout: typeof setTimeout; clearTimeout: typeof clearTimeout }
    }
    const timer = clock.setTimeout(giveUp, timeout)
    signal?.addEventListener('abort', abort, { once: true })

    function release() {
      subscription.unsubscribe()
      clock.clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  })
}
