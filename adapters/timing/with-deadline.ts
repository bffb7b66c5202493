import { AuthError } from '../../machines/auth-error.ts'
import type { Eventual } from '../eventual.ts'
import { setUnrefTimeout } from './unref-clock.ts'

/**
 * Runs work that may take `ms`. Its `signal` aborts when the time is up or when `giveUp` aborts. The promise then
 * rejects even if the work ignores the signal, in the second case with the reason of `giveUp`.
 *
 * @throws AuthError `verify-timeout`
 */
export function withDeadline<T>(
  ms: number,
  run: (signal: AbortSignal) => Eventual<T>,
  giveUp?: AbortSignal,
): Promise<T> {
  if (giveUp?.aborted) return Promise.reject(giveUp.reason)
  const controller = new AbortController()
  return new Promise<T>((resolve, reject) => {
    const stop = (reason: unknown) => {
      controller.abort(reason)
      reject(reason)
    }
    const abort = () => stop(giveUp?.reason)
    const timer = setUnrefTimeout(() => stop(new AuthError('verify-timeout')), ms)
    giveUp?.addEventListener('abort', abort, { once: true })
    void new Promise<T>((settle) => settle(run(controller.signal))).then(resolve, reject).finally(() => {
      clearTimeout(timer)
      giveUp?.removeEventListener('abort', abort)
    })
  })
}
