import type { EmulatedSession, NewSession, SessionStatus } from './client-sessions.ts'
import type { EmulatedMembership, EmulatedOrganization, EmulatedUser, NewOrganization, NewUser } from './directory.ts'
import type { EmulatorParts } from './emulator-parts.ts'
import type { Fault, Faults } from './faults.ts'
import type { LoggedRequest } from './request-log.ts'
import { toBackendSession } from './session-resource.ts'
import type { MintTokenOptions } from './session-token.ts'
import type { PublishedKey } from './signing-keys.ts'
import { toBackendUser } from './user-resource.ts'
import {
  createMessageId,
  signWebhook,
  type EmulatedWebhookEvent,
  type SignedWebhook,
  type SignWebhookOptions,
} from './webhook.ts'

/** A user, or its id, e-mail address or username. */
export type UserReference = EmulatedUser | string
/** A Clerk session, or its id. */
export type SessionReference = EmulatedSession | string
/** An organisation, or its id. */
export type OrganizationReference = EmulatedOrganization | string

/** Options of a session that a test creates. */
export interface CreateSessionOptions extends NewSession {
  /** The active organization. Default: none. */
  organization?: OrganizationReference
  /** A session in whose browser the new one is created, which needs `multiSession`. Default: a new browser. */
  beside?: SessionReference
}

/** The controls of a test over the emulated Clerk. An unknown user, session or organization is an Error. */
export interface EmulatorControls {
  /** Adds a user. */
  addUser(user: NewUser): EmulatedUser
  /** Removes the user and revokes its sessions. */
  deleteUser(user: UserReference): void
  /** Adds an organization without members. */
  addOrganization(organization: NewOrganization): EmulatedOrganization
  /** Adds a member, or changes the role (`org:admin`, `org:member`, …; default `org:member`) of one. */
  setMembership(
    user: UserReference,
    organization: OrganizationReference,
    membership?: { role?: string; permissions?: string[] },
  ): EmulatedMembership
  /** Takes a user out of an organization. */
  removeMembership(user: UserReference, organization: OrganizationReference): void

  /**
   * Signs a user in without a browser. With `clientCookie` a real browser can take over the browser of this sign-in.
   */
  createSession(user: UserReference, options?: CreateSessionOptions): EmulatedSession
  /** The value of the `__client` cookie of the session's browser. It is a secret. */
  clientCookie(session: SessionReference): string
  /** A single-use ticket for `signIn.create({ strategy: 'ticket', ticket })`. */
  createSignInToken(user: UserReference): string
  /** Revokes a session as an administrator does. */
  revokeSession(session: SessionReference): void
  /** Ends a session as the user's own sign-out does. */
  endSession(session: SessionReference): void
  /** Sets any status, for example `pending` for a session with an unfinished task. */
  setSessionStatus(session: SessionReference, status: SessionStatus): void
  /** Sets the active organization, or `null` for the personal account. The browser learns of it with its next token. */
  setActiveOrganization(session: SessionReference, organization: OrganizationReference | null): void

  /** A session token, valid or invalid in any way. See `MintTokenOptions`. */
  mintToken(options?: MintTokenOptions): string
  /** Sets the life of tokens minted from now on, in seconds. */
  setTokenTtl(seconds: number): void
  /** The published keys. */
  jwks(): { keys: PublishedKey[] }
  /** The current public key as PEM, for networkless verification. */
  readonly jwtKey: string
  /** Signs with a new key from now on. `keepOld` (default true) leaves the old key published. */
  rotateKeys(options?: { keepOld?: boolean }): Promise<void>
  /** Sets the clock of tokens and resources this far ahead of its source; 0 undoes it. */
  skewClock(milliseconds: number): void

  /**
   * Adds a fault after the existing ones. The first fault that matches a request applies.
   *
   * @returns a function that removes the fault
   */
  addFault(fault: Fault): () => void
  /** Replaces all faults. */
  setFaults(faults: Fault[]): void
  /** Removes all faults. */
  clearFaults(): void
  /** The requests so far, oldest first. */
  readonly requests: readonly LoggedRequest[]
  /** Forgets the requests so far. */
  clearRequests(): void

  /** The event that Clerk sends about a session (`session.revoked`) or a user (`user.deleted`), with its `data`. */
  webhookEvent(type: string, subject: EmulatedSession | EmulatedUser): EmulatedWebhookEvent
  /** Body and headers that pass Clerk's `verifyWebhook`, or do not pass if the options forge them. */
  signWebhook(event: EmulatedWebhookEvent, options?: SignWebhookOptions): SignedWebhook
}

export function createEmulatorControls(
  parts: EmulatorParts,
  faults: Faults,
  requests: LoggedRequest[],
  webhookSecret: string,
): EmulatorControls {
  const { clock, keys, directory, clientSessions, minter } = parts

  const userOf = (reference: UserReference) =>
    typeof reference === 'string'
      ? required(directory.users.get(reference) ?? directory.findByIdentifier(reference), 'user', reference)
      : reference
  const sessionOf = (reference: SessionReference) =>
    typeof reference === 'string' ? required(clientSessions.sessions.get(reference), 'session', reference) : reference
  const organizationOf = (reference: OrganizationReference) =>
    typeof reference === 'string'
      ? required(directory.organizations.get(reference), 'organisation', reference)
      : reference
  const setSessionStatus = (session: SessionReference, status: SessionStatus) =>
    clientSessions.setStatus(sessionOf(session), status)
  const setActiveOrganization = (session: SessionReference, organization: OrganizationReference | null) => {
    clientSessions.chooseOrganization(sessionOf(session), organization && organizationOf(organization).id)
  }
  const clientOf = (session: SessionReference) => {
    const { clientId } = sessionOf(session)
    return required(clientSessions.clients.get(clientId), 'client', clientId)
  }

  return {
    addUser: directory.addUser,
    addOrganization: directory.addOrganization,
    deleteUser(user) {
      const { id } = userOf(user)
      clientSessions.endSessionsOfUser(id, 'revoked')
      directory.removeUser(id)
    },
    setMembership: (user, organization, { role = 'org:member', permissions } = {}) =>
      directory.setMembership(userOf(user).id, organizationOf(organization).id, role, permissions),
    removeMembership(user, organization) {
      directory.removeMembership(userOf(user).id, organizationOf(organization).id)
    },

    createSession(user, { organization, beside, ...options } = {}) {
      const client = beside ? clientOf(beside) : clientSessions.openClient()
      const session = clientSessions.startSession(client, userOf(user), options)
      if (organization) setActiveOrganization(session, organization)
      return session
    },
    clientCookie: (session) => clientOf(session).cookie,
    createSignInToken: (user) => clientSessions.issueSignInToken(userOf(user).id).token,
    revokeSession: (session) => setSessionStatus(session, 'revoked'),
    endSession: (session) => setSessionStatus(session, 'ended'),
    setSessionStatus,
    setActiveOrganization,

    mintToken: minter.mint,
    setTokenTtl(seconds) {
      if (!(seconds > 0)) throw new TypeError('setTokenTtl: seconds must be a positive number')
      minter.ttl = seconds
    },
    jwks: keys.jwks,
    get jwtKey() {
      return keys.pem()
    },
    rotateKeys: ({ keepOld = true } = {}) => keys.rotate(keepOld),
    skewClock: clock.skew,

    addFault: faults.add,
    setFaults(replacements) {
      faults.clear()
      for (const fault of replacements) faults.add(fault)
    },
    clearFaults: faults.clear,
    requests,
    clearRequests() {
      requests.length = 0
    },

    webhookEvent(type, subject) {
      if ('email' in subject)
        return {
          type,
          data: type === 'user.deleted' ? { object: 'user', id: subject.id, deleted: true } : toBackendUser(subject),
        }
      const user = directory.users.get(subject.userId)
      return { type, data: { ...toBackendSession(subject), user: user ? toBackendUser(user) : null } }
    },
    signWebhook: (event, { secret = webhookSecret, sentAt = Date.now(), id = createMessageId() } = {}) =>
      signWebhook(event, { secret, sentAt, id }),
  }
}

function required<T>(found: T | undefined, kind: string, reference: string): T {
  if (found === undefined) throw new Error(`The Clerk emulator knows no ${kind} ${reference}`)
  return found
}
