import { authErrors, toAuthError } from '../../../machines/auth-error.ts'
import type { SessionRecord } from '../../../machines/session-record.ts'
import type { VerifiedSession } from '../../../machines/verified-session.ts'
import type { IgnoredReason } from './ignored-log.ts'
import type { Seals } from './seals.ts'

/** Seals the records of a server, and opens those that count. */
export interface SealedRecords {
  /** @returns the record with the name of its servers and, if there is a secret, with a seal */
  seal(record: SessionRecord): SessionRecord
  /**
   * @returns the stored record without its seal and instance, or null if it does not count
   * @throws AuthError if that cannot be decided
   */
  open(stored: SessionRecord): SessionRecord | null | Promise<SessionRecord | null>
}

export interface SealedRecordsOptions {
  /** Null if there is no secret. */
  readonly seals: Seals | null
  /** True if only this process can reach what is stored. */
  readonly isPrivate: boolean
  /** The name of the servers whose records count. */
  readonly instance: string
  /** Judges the claims of a record by the rules of this server. Throws or rejects with `AuthError`. */
  readonly judge: (claims: unknown) => VerifiedSession | Promise<VerifiedSession>
  /** Called for every record that does not count. */
  readonly onIgnored: (reason: IgnoredReason) => void
  /** Epoch ms. */
  readonly clock: () => number
}

/**
 * Without seals, no record counts for longer than this, whatever its claims say, ms: two days, because clocks may be a
 * day off.
 */
const longestLife = 48 * 3_600_000

export function createSealedRecords(options: SealedRecordsOptions): SealedRecords {
  const { seals, isPrivate, instance, judge, onIgnored, clock } = options

  function ignore(reason: IgnoredReason): null {
    onIgnored(reason)
    return null
  }

  function open(stored: SessionRecord): SessionRecord | null | Promise<SessionRecord | null> {
    if (!isRecord(stored)) return ignore('shape')
    const { instance: writer, seal, ...record } = stored
    if (writer !== instance) return ignore(writer === undefined && seals ? 'seal' : 'instance')
    if (seals && !seals.verify('record', record, seal)) return ignore('seal')
    if (record.status !== 'signedIn') return record
    if (!seals && !isPrivate && isTooLong(record)) return ignore('expiry')
    try {
      const judged = judge(record.claims)
      if (!(judged instanceof Promise)) return admit(record, judged)
      return judged.then((session) => admit(record, session), refuse)
    } catch (error) {
      return refuse(error)
    }
  }

  /** Lets a record in only if its other fields say the same as its claims. */
  function admit(record: SessionRecord, session: VerifiedSession): SessionRecord | null {
    const { userId, sessionId, orgId, issuedAt, expiresAt, user } = record
    const isSame =
      session.status === 'active' &&
      session.userId === userId &&
      session.sessionId === sessionId &&
      session.orgId === orgId &&
      session.issuedAt === Math.round(issuedAt ?? Number.NaN) &&
      session.expiresAt === expiresAt &&
      (user === null || user.id === userId)
    return isSame ? record : ignore('shape')
  }

  function refuse(error: unknown): null {
    const failure = toAuthError(error)
    if (authErrors[failure.code].state !== 'signedOut') throw failure
    return ignore('claims')
  }

  // Only a far future counts as too long: a node whose clock is behind must still take over the records that it signs
  // out.
  const isTooLong = ({ expiresAt }: SessionRecord) => !((expiresAt ?? Infinity) <= clock() + longestLife)

  return {
    open,
    seal: (record) => (seals ? { ...record, instance, seal: seals.make('record', record) } : { ...record, instance }),
  }
}

/** @returns true if the value has the members that are read before its seal and claims are verified */
const isRecord = (stored: SessionRecord): boolean =>
  typeof stored === 'object' &&
  stored !== null &&
  typeof stored.id === 'string' &&
  typeof stored.channel === 'string' &&
  Number.isSafeInteger(stored.rev) &&
  typeof stored.seqByTab === 'object' &&
  stored.seqByTab !== null
