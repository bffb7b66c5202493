import { AuthError } from '../../../machines/auth-error.ts'
import type { AuthView } from '../../../machines/auth-view.ts'
import type { SessionRecord } from '../../../machines/session-record.ts'
import { toImpersonator, toOrgRole, type Impersonator } from '../../../machines/verified-session.ts'
import type { Logger } from '../../logger.ts'
import type { LiveSession } from '../session/live-session.ts'
import { mergeSignIns, toSignIn, type SignIn } from '../session/sign-in.ts'
import type { SessionStore } from '../store/session-store.ts'
import type { SessionLifetimes } from './session-lifetimes.ts'
import type { SessionRegistry } from './session-registry.ts'

/** One signed-in server session of a user. It contains nothing secret. Times are in epoch ms. */
export interface SessionSummary {
  /** The public label of the server session, as in its view. */
  readonly channel: string
  /** The Clerk session, which `revoke` takes. */
  readonly sessionId: string
  /** The active organization, or null. */
  readonly orgId: string | null
  /** The role in the active organization, or null. */
  readonly orgRole: string | null
  /** The person who acts as the user if the Clerk session is an impersonation; else null. */
  readonly actor: Impersonator | null
  /** When this browser signed in with the Clerk session. */
  readonly signedInAt: number
  /** When the app last let a request in. A use on another node shows here when that node stores the session again. */
  readonly lastUsedAt: number
  /** The open streams on this node. */
  readonly streams: number
}

export interface SessionListOptions {
  readonly registry: SessionRegistry
  readonly store: SessionStore
  /** Null if sessions may last as long as they are renewed. */
  readonly lifetimes: SessionLifetimes | null
  /** Ms that a token is accepted after its `exp`. */
  readonly clockTolerance: number
  /** Epoch ms. */
  readonly clock: () => number
  readonly logger: Logger
}

/**
 * Creates the function that lists the sessions of a user on all nodes, newest first.
 *
 * @returns a function that throws a TypeError if the store cannot list sessions, and an AuthError `store-unavailable`
 */
export function createSessionList(options: SessionListOptions) {
  const { registry, store, lifetimes, clockTolerance, clock, logger } = options
  const isProof = (record: SessionRecord) =>
    record.status === 'signedIn' && !lifetimes?.isOver(record) && isValid(record)
  const isValid = ({ userId, sessionId, issuedAt, expiresAt }: SessionRecord) =>
    clock() < (expiresAt ?? 0) + clockTolerance &&
    !store.findTombstone({ userId: userId ?? '', sessionId: sessionId ?? '', issuedAt: issuedAt ?? 0 })

  async function readRecords(userId: string): Promise<readonly SessionRecord[]> {
    if (!store.list) throw new TypeError('sessions: the store cannot list sessions: give it the method list(userId)')
    try {
      return await store.list(userId)
    } catch (cause) {
      logger.error('store.failed', { method: 'list', error: cause })
      throw new AuthError('store-unavailable', undefined, { cause, retryAfter: 1_000 })
    }
  }

  return async (userId: string): Promise<SessionSummary[]> => {
    const records = new Map((await readRecords(userId)).map((record) => [record.id, record]))
    const here = registry.find('user', userId)
    // This node knows better than a record of a session that it holds.
    const elsewhere = [...records.values()].filter((record) => !registry.get(record.id) && isProof(record))
    const summaries = [
      ...here.flatMap((session) => fromSession(session, records.get(session.id), userId, clock()) ?? []),
      ...elsewhere.flatMap((record) => fromRecord(record, clock()) ?? []),
    ]
    return summaries.toSorted((a, b) => b.signedInAt - a.signedInAt)
  }
}

function fromSession(
  session: LiveSession,
  record: SessionRecord | undefined,
  userId: string,
  now: number,
): SessionSummary | null {
  const view = session.view()
  const { signIn } = session.state
  if (view.userId !== userId || !signIn) return null
  const stored = record && toSignIn(record, now)
  const merged = stored?.sessionId === signIn.sessionId ? mergeSignIns(signIn, stored) : signIn
  return toSummary(view, merged, session.streams.size)
}

function fromRecord(record: SessionRecord, now: number): SessionSummary | null {
  const { channel, orgId, claims } = record
  const signIn = toSignIn(record, now)
  const roles = { orgRole: toOrgRole(claims), actor: claims && toImpersonator(claims) }
  return signIn && toSummary({ channel, orgId, ...roles }, signIn, 0)
}

type Described = Pick<AuthView, 'channel' | 'orgId' | 'orgRole' | 'actor'>

function toSummary({ channel, orgId, orgRole, actor }: Described, signIn: SignIn, streams: number): SessionSummary {
  const { sessionId, at: signedInAt, usedAt: lastUsedAt } = signIn
  return { channel, sessionId, orgId, orgRole, actor, signedInAt, lastUsedAt, streams }
}
