import type { AuthView } from '../../../machines/auth-view.ts'
import { waitForVerdict, type VerdictSource } from '../../../machines/wait-for-verdict.ts'
import { setUnrefTimeout } from '../../timing/unref-clock.ts'

/** The callers that wait for a session's verdict. */
export interface VerdictWait {
  /**
   * Resolves as soon as a verdict is reached, or with `timedOut` after `timeout` ms; here `timedOut` is about this
   * wait. Rejects with the reason of `signal`.
   */
  wait(timeout: number, signal?: AbortSignal): Promise<AuthView>
  /** Call it after each change. */
  look(): void
  /** Call it if no verdict will come. */
  giveUp(): void
}

export function createVerdictWait(view: () => AuthView): VerdictWait {
  const waiting = new Set<{ readonly look: () => void; readonly giveUp: () => void }>()
  const source: VerdictSource = {
    view,
    subscribe(look, giveUp) {
      const waiter = { look, giveUp }
      waiting.add(waiter)
      return () => waiting.delete(waiter)
    },
    startTimer(run, ms) {
      const timer = setUnrefTimeout(run, ms)
      return () => clearTimeout(timer)
    },
  }
  return {
    wait: (timeout, signal) => waitForVerdict(source, timeout, signal),
    look() {
      for (const { look } of waiting) look()
    },
    giveUp() {
      for (const { giveUp } of waiting) giveUp()
    },
  }
}
