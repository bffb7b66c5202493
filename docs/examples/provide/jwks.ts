import { fromPromise } from 'xstate'
import { jwksMachine } from 'authchart'

/** Keys from wherever you keep them, fetched by rules of one's own; `fetchKeys` has to reject a set that is no good. */
export const createOwnJwks = (fetchKeys: (signal: AbortSignal) => Promise<unknown>) =>
  jwksMachine.provide({
    actors: { fetchKeys: fromPromise(({ signal }) => fetchKeys(signal)) },
    // Ms each; all but `backoff` are options of the machine's input as well.
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
