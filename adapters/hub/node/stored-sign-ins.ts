import type { SessionRecord } from '../../../machines/session-record.ts'
import type { Logger } from '../../logger.ts'
import { mergeSignIns, toSignIn, type SignIn } from '../session/sign-in.ts'
import type { SessionStore } from '../store/session-store.ts'

/** What the store knows of the sign-ins of Clerk sessions, whichever server sessions they were made with. */
export interface StoredSignIns {
  /**
   * Reads when a Clerk session signed in and was last used.
   * @returns one entry for each record of it, null where that names no sign-in; null if the store cannot tell
   */
  read(userId: string, sessionId: string): Promise<readonly (SignIn | null)[] | null>
  /** Stores a sign-in that no server session has any more, until `until`, epoch ms. */
  keep(userId: string, signIn: SignIn, until: number): Promise<void>
}

export interface StoredSignInsOptions {
  readonly store: Pick<SessionStore, 'list' | 'write'>
  /** Epoch ms. */
  readonly clock: () => number
  readonly logger: Logger
}

/** Rounds of compare-and-set before the record is left to the other node that is writing it. */
const maxRounds = 5

export function createStoredSignIns({ store, clock, logger }: StoredSignInsOptions): StoredSignIns {
  async function write(userId: string, signIn: SignIn, until: number) {
    let known: SessionRecord | null = null
    for (let round = 0; round < maxRounds; round += 1) {
      const stored = known && toSignIn(known, clock())
      const record = toLeftRecord(userId, stored ? mergeSignIns(signIn, stored) : signIn, (known?.rev ?? 0) + 1)
      const result = await store.write(record, { expectedRev: known?.rev ?? null, until })
      if (result.written) return
      known = result.current
    }
  }

  return {
    async read(userId, sessionId) {
      if (!store.list) return null
      try {
        const records = await store.list(userId)
        const found = records.filter((record) => record.sessionId === sessionId)
        return found.map((record) => toSignIn(record, clock()))
      } catch (error) {
        logger.error('store.failed', { method: 'list', error })
        return null
      }
    },
    keep: (userId, signIn, until) =>
      write(userId, signIn, until).catch((error: unknown) => logger.error('store.failed', { method: 'write', error })),
  }
}

/** The record of a Clerk session that no server session is signed in with. It proves nothing, and no cookie leads to it. */
const toLeftRecord = (userId: string, { sessionId, at, usedAt }: SignIn, rev: number): SessionRecord => ({
  id: `left.${sessionId}`,
  channel: '',
  rev,
  status: 'signedOut',
  claims: null,
  user: null,
  userId,
  sessionId,
  orgId: null,
  issuedAt: at,
  expiresAt: null,
  signedInAt: at,
  lastUsedAt: usedAt,
  seqByTab: {},
})
