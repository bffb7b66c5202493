import { createMemorySessionStore } from '../../../adapters/hub/store/memory-session-store.ts'
import type { SessionStore } from '../../../adapters/hub/store/session-store.ts'
import type { SessionRecord } from '../../../machines/index.ts'
import type { ConformanceStep } from './conformance-step.ts'

/**
 * A store that two nodes share, of which the driver plays one.
 * @param named The claims by which the server's rules let a session in, beside those of the path.
 */
export function createSharedStore(clock: () => number, named: { readonly iss: string; readonly azp: string }) {
  const memory = createMemorySessionStore({ clock })
  let stored: SessionRecord | undefined
  const unwatch = memory.watch((change) => {
    if (change.type === 'record') stored = change.record
  })
  return {
    store: {
      ...memory,
      // Who signs in at the other node gets a cookie there. The browser of a path has one, which serves for both.
      rotate: (id, rotation) => memory.rotate(id, { ...rotation, userId: undefined }),
      close: async () => unwatch(),
    } satisfies SessionStore,
    get isStored() {
      return stored !== undefined
    },
    /** The other node decides. Times of the record shift by so many ms. */
    async decide(record: Extract<ConformanceStep, { kind: 'adopt' }>['record'], by: number) {
      if (!stored) throw new Error('no session is stored')
      const { id, channel, rev, instance } = stored
      const issuedAt = record.issuedAt === null ? null : record.issuedAt + by
      const expiresAt = record.expiresAt === null ? null : record.expiresAt + by
      const times = { iat: (issuedAt ?? 0) / 1_000, nbf: (issuedAt ?? 0) / 1_000, exp: (expiresAt ?? 0) / 1_000 }
      const claims = record.claims && { ...record.claims, ...named, ...times }
      const shifted = { ...record, claims, issuedAt, expiresAt, ...(instance !== undefined && { instance }) }
      const next = { ...shifted, id, channel, rev: rev + 1, seqByTab: {} }
      const until = clock() + 3_600_000
      const result = await memory.write(next, { expectedRev: rev, until })
      // Forgotten by now: the other node still has it, and writes it anew.
      if (!result.written) await memory.write(next, { expectedRev: null, until })
    },
  }
}
