import type { AuthView } from './auth-view.ts'

/** A source of views that may still change until a verdict is reached. */
export interface VerdictSource {
  view(): AuthView
  /** Calls `look` after each change, and `giveUp` if no verdict will come. Returns a function that unsubscribes. */
  subscribe(look: () => void, giveUp: () => void): () => void
  /** Starts a timer of `ms` milliseconds. Returns a function that cancels it. */
  startTimer(run: () => void, ms: number): () => void
}

/**
 * Resolves with the view as soon as a verdict is reached, good or bad, and at once if there is one already. After
 * `timeout` ms, or if no verdict will come, it resolves with the view of that moment and `timedOut: true`; here
 * `timedOut` is about this wait. It rejects only with the reason of an aborted `signal`.
 */
export function waitForVerdict(source: VerdictSource, timeout: number, signal?: AbortSignal): Promise<AuthView> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const stops: (() => void)[] = []
    const stop = () => {
      for (const each of stops.splice(0)) each()
    }
    const end = () => {
      stop()
      const view = source.view()
      resolve({ ...view, timedOut: !view.authChecked })
    }
    const look = () => {
      const { authChecked } = source.view()
      if (authChecked) end()
      return authChecked
    }
    const abort = () => {
      stop()
      reject(signal?.reason)
    }
    if (look()) return
    stops.push(source.startTimer(end, timeout), source.subscribe(look, end))
    signal?.addEventListener('abort', abort)
    stops.push(() => signal?.removeEventListener('abort', abort))
  })
}
