import type { AuthView } from '../../machines/auth-view.ts'
import { setUnrefTimeout } from '../unref-clock.ts'

/** Those who wait for a session's verdict. */
export interface VerdictWait {
  /**
   * Resolves as soon as a verdict stands; after `timeout` ms with `timedOut`, which here speaks of this wait. Rejects
   * with the reason of `signal`.
   */
  wait(timeout: number, signal?: AbortSignal): Promise<AuthView>
  /** Something has changed. */
  look(): void
  /** No verdict will come. */
  giveUp(): void
}

export function createVerdictWait(view: () => AuthView): VerdictWait {
  const waiting = new Set<(isOver: boolean) => void>()

  return {
    wait: (timeout, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(toReason(signal))
        const now = view()
        if (now.authChecked) return resolve({ ...now, timedOut: false })
        const timer = setUnrefTimeout(() => look(true), timeout)
        const abort = () => {
          release()
          reject(toReason(signal))
        }
        signal?.addEventListener('abort', abort, { once: true })
        waiting.add(look)

        function look(isOver: boolean) {
          const current = view()
          if (!current.authChecked && !isOver) return
          release()
          resolve({ ...current, timedOut: !current.authChecked })
        }
        function release() {
          waiting.delete(look)
          clearTimeout(timer)
          signal?.removeEventListener('abort', abort)
        }
      }),
    look() {
      for (const look of waiting) look(false)
    },
    giveUp() {
      for (const look of waiting) look(true)
    },
  }
}

const toReason = (signal: AbortSignal | undefined): Error =>
  signal?.reason instanceof Error ? signal.reason : new DOMException('Aborted', 'AbortError')
