import { createMemorySessionStore } from '../../../adapters/hub/store/memory-session-store.ts'
import type { SessionStore } from '../../../adapters/hub/store/session-store.ts'
import type { SessionRecord } from '../../../machines/index.ts'
import type { ConformanceStep } from './conformance-step.ts'

/**
 * A store that two nodes share. The driver plays the other node.
 *
 * @param named the claims that the server's rules require besides those of the path
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
      // A user who signs in at the other node gets a cookie there. The browser of a path has one cookie, which serves
      // for both.
      rotate: (id, rotation) => memory.rotate(id, { ...rotation, userId: undefined }),
      close: async () => unwatch(),
    } satisfies SessionStore,
    get isStored() {
      return stored !== undefined
    },
    /** The other node makes a decision. The times of the record are shifted by this many ms. */
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
      // This node has forgotten the record by now, but the other node still has it and writes it again.
      if (!result.written) await memory.write(next, { expectedRev: null, until })
    },
  }
}
