import { fullJitter } from '../../machines/backoff.ts'
import { SyncError } from '../../machines/sync/sync-error.ts'
import type { AuthClientOptions } from './client-options.ts'

export interface KeepLoadingOptions {
  /** Loads the code and takes it into use. */
  readonly load: () => Promise<void>
  /** Called with each failure, the number of failures so far, and true for the first one. */
  readonly onFailure: (error: SyncError, attempts: number, isFirst: boolean) => void
  readonly clock: NonNullable<AuthClientOptions['clock']>
  /** Returns a number in [0, 1). */
  readonly random: () => number
}

/** A file that has not arrived for this long, ms, counts as one that failed often, although it may still arrive. */
const loadTimeout = 10_000
/** After so many failures the page shows that loading fails. Fewer may pass unnoticed. */
export const manyAttempts = 3
/** Longest time between two attempts, ms. */
const most = 15_000

/**
 * Loads code until it is there. An attempt that fails is repeated after up to 1 s, and later after up to 15 s.
 *
 * @returns Functions that try at once, unless an attempt is running, and that end it
 */
export function keepLoading({ load, onFailure, clock, random }: KeepLoadingOptions) {
  let attempts = 0
  let isLoading = false
  let isEnded = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const wait = (run: () => void, delay: number) => {
    clock.clearTimeout(timer)
    if (!isEnded) timer = clock.setTimeout(run, delay)
  }
  const fail = (count: number, cause?: unknown) => {
    attempts += count
    const message = 'The code of the client could not be loaded'
    if (!isEnded) onFailure(new SyncError('client-not-loaded', message, { cause }), attempts, attempts === count)
  }
  const noteLate = () => {
    fail(manyAttempts)
    wait(noteLate, most)
  }
  const tryNow = () => {
    if (isLoading || isEnded) return
    isLoading = true
    wait(noteLate, loadTimeout)
    load().then(end, (cause: unknown) => {
      isLoading = false
      fail(1, cause)
      wait(tryNow, fullJitter(attempts - 1, { first: 1_000, most }, random))
    })
  }
  const end = () => {
    isEnded = true
    clock.clearTimeout(timer)
  }
  tryNow()
  return { tryNow, end }
}
