import { AuthError } from '../../machines/auth-error.ts'
import { setUnrefTimeout } from '../unref-clock.ts'

/**
 * Runs work that may take `ms`. Its `signal` aborts when the time is up, and then it does not matter whether the work
 * heeds it.
 * @throws AuthError `verify-timeout`
 */
export function withDeadline<T>(ms: number, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  return new Promise<T>((resolve, reject) => {
    const timer = setUnrefTimeout(() => {
      const late = new AuthError('verify-timeout')
      controller.abort(late)
      reject(late)
    }, ms)
    void run(controller.signal)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer))
  })
}
