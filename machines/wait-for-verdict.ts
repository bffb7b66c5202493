import type { AuthView } from './auth-view.ts'

/** Something whose view changes until a verdict stands. */
export interface VerdictSource {
  view(): AuthView
  /** Calls `look` after each change, and `giveUp` when no verdict will come. Returns the function that ends it. */
  subscribe(look: () => void, giveUp: () => void): () => void
  /** Starts a timer of `ms`. Returns the function that ends it. */
  startTimer(run: () => void, ms: number): () => void
}

/**
 * Resolves with the view as soon as a verdict stands, good or bad; at once where one stands. After `timeout` ms, or when
 * none will come, it resolves with the view of that moment and `timedOut: true`: here `timedOut` speaks of this wait.
 * Rejects only with the reason of an aborted `signal`.
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
