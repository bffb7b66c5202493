import { jwksMachine } from 'authchart'
import { fromPromise } from 'xstate'

/** Takes keys from your own source and fetches them by rules of its own. `fetchKeys` has to reject an invalid set. */
export const createOwnJwks = (fetchKeys: (signal: AbortSignal) => Promise<unknown>) =>
  jwksMachine.provide({
    actors: { fetchKeys: fromPromise(({ signal }) => fetchKeys(signal)) },
    // All delays are in ms. All but `backoff` are also options of the machine's input.
    delays: {
      timeout: 1_000,
      cooldown: 30_000,
      maxAge: ({ context }) => (context.failures > 0 ? 60_000 : 600_000),
      backoff: ({ context }) => 30_000 * (context.failures + 1),
    },
    guards: {
      isWanted: ({ context }) => context.wanted,
      isCooledDown: ({ context }) => context.settings.now() - context.attemptedAt >= 30_000,
      hasUsableKeys: ({ context }) => context.keys !== null,
    },
  })
