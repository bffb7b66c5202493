import type { KeySource } from '../../../adapters/jose/key-source.ts'
import { AuthError } from '../../../machines/index.ts'
import type { TokenVerdict } from './conformance-step.ts'
import { eventually } from './real-time.ts'

/** A key source that makes each check wait for its verdict. A token is recognised by its `kid`. */
export interface TokenGate {
  readonly keys: KeySource
  /**
   * Ends the running check of a token: its keys arrive, or cannot be fetched.
   *
   * @throws Error if there is no such check
   */
  settle(id: string, verdict: TokenVerdict): Promise<void>
  /**
   * Resolves when a check of the token is running.
   *
   * @throws Error if none begins
   */
  begun(id: string): Promise<void>
  /** From now on, checks of these tokens do not wait. */
  letThrough(ids: readonly string[]): void
  /** Tells the server that the keys are available again. */
  refresh(): void
}

/** The time that a check may take to begin, ms of real time. */
const patience = 5_000

/**
 * Creates a gate in front of the real keys.
 *
 * @param source the real keys
 * @param kid the id of the signing key
 */
export function createTokenGate(source: KeySource, kid: string): TokenGate {
  const waiting = new Map<string, (verdict: TokenVerdict | null) => void>()
  const free = new Set<string>()
  const listeners = new Set<() => void>()
  const begun = async (id: string) => {
    if (await eventually(() => waiting.has(id), patience)) return
    throw new Error(`the check of ${id} does not begin`)
  }

  return {
    keys: {
      async getKey(id, options = {}) {
        if (free.has(id)) return source.getKey(kid, options)
        const verdict = await new Promise<TokenVerdict | null>((resolve, reject) => {
          waiting.set(id, resolve)
          options.signal?.addEventListener('abort', () => {
            if (waiting.get(id) === resolve) waiting.delete(id)
            reject(new AuthError('verify-timeout'))
          })
        })
        // The real key finds any fault of the token itself.
        if (verdict?.error?.code === 'keys-unavailable') throw verdict.error
        return source.getKey(kid, options)
      },
      subscribe(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      close() {},
    },
    begun,
    async settle(id, verdict) {
      await begun(id)
      waiting.get(id)?.(verdict)
      waiting.delete(id)
    },
    letThrough(ids) {
      for (const id of ids) {
        free.add(id)
        waiting.get(id)?.(null)
        waiting.delete(id)
      }
    },
    refresh() {
      for (const listener of listeners) listener()
    },
  }
}
