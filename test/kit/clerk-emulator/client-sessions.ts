import type { EmulatedUser } from './directory.ts'
import type { EmulatorClock } from './emulator-clock.ts'
import type { InstanceSettings } from './emulator-options.ts'
import { createId, randomText } from './identifiers.ts'

/** The statuses of a Clerk session. Only the first two are listed on a client. */
export type SessionStatus =
  | 'active'
  | 'pending'
  | 'ended'
  | 'removed'
  | 'revoked'
  | 'expired'
  | 'abandoned'
  | 'replaced'

/** A Clerk session as the emulator keeps it. Times are ms since the epoch. */
export interface EmulatedSession {
  readonly id: string
  readonly clientId: string
  readonly userId: string
  /** The agent, if the session is an impersonation. */
  readonly actor: { readonly sub: string } | null
  status: SessionStatus
  activeOrganizationId: string | null
  lastActiveAt: number
  readonly createdAt: number
  updatedAt: number
}

/** Options of a new session. */
export interface NewSession {
  /** Default: a random `sess_…`. */
  id?: string
  /** The agent who acts as the user. Default: none. */
  actor?: string
}

export interface EmulatedSignIn {
  readonly id: string
  readonly identifier: string
  readonly userId: string
  createdSessionId: string | null
  strategy: 'password' | 'ticket' | null
}

/** A browser as Clerk knows it. */
export interface EmulatedClient {
  readonly id: string
  /** The value of the `__client` cookie. */
  readonly cookie: string
  signIn: EmulatedSignIn | null
  lastActiveSessionId: string | null
  readonly createdAt: number
  updatedAt: number
}

/** A single-use ticket for `signIn.create({ strategy: 'ticket' })`. */
export interface EmulatedSignInToken {
  readonly id: string
  readonly token: string
  readonly userId: string
  status: 'pending' | 'accepted' | 'revoked'
  readonly createdAt: number
}

export type ClientSessions = ReturnType<typeof createClientSessions>

export const isLive = (session: EmulatedSession) => session.status === 'active' || session.status === 'pending'

/** The emulator's browsers, their Clerk sessions and the sign-in tokens that it has issued. */
export function createClientSessions(clock: EmulatorClock, { personalAccounts }: InstanceSettings) {
  const clients = new Map<string, EmulatedClient>()
  const sessions = new Map<string, EmulatedSession>()
  const signInTokens = new Map<string, EmulatedSignInToken>()

  const setStatus = (session: EmulatedSession, status: SessionStatus) => {
    const now = clock.now()
    session.status = status
    session.updatedAt = now
    const client = clients.get(session.clientId)
    if (!client) return
    client.updatedAt = now
    if (!isLive(session) && client.lastActiveSessionId === session.id) client.lastActiveSessionId = null
  }

  return {
    clients,
    sessions,
    signInTokens,
    setStatus,

    openClient(): EmulatedClient {
      const now = clock.now()
      const client = {
        id: createId('client'),
        cookie: randomText(43),
        signIn: null,
        lastActiveSessionId: null,
        createdAt: now,
        updatedAt: now,
      }
      clients.set(client.id, client)
      return client
    },

    findByCookie: (cookie: string | undefined) => [...clients.values()].find((client) => client.cookie === cookie),

    startSession(client: EmulatedClient, user: EmulatedUser, options: NewSession = {}): EmulatedSession {
      const { id = createId('sess'), actor = null } = options
      const now = clock.now()
      const session: EmulatedSession = {
        id,
        clientId: client.id,
        userId: user.id,
        actor: actor === null ? null : { sub: actor },
        status: personalAccounts ? 'active' : 'pending',
        activeOrganizationId: null,
        lastActiveAt: now,
        createdAt: now,
        updatedAt: now,
      }
      sessions.set(id, session)
      client.lastActiveSessionId = id
      client.updatedAt = now
      user.lastSignInAt = now
      return session
    },

    /** Makes an organization the active one. This completes the task of a pending session. */
    chooseOrganization(session: EmulatedSession, organizationId: string | null): void {
      session.activeOrganizationId = organizationId
      if (organizationId !== null && session.status === 'pending') setStatus(session, 'active')
    },

    touch(session: EmulatedSession): void {
      session.lastActiveAt = session.updatedAt = clock.now()
      const client = clients.get(session.clientId)
      if (client) client.lastActiveSessionId = session.id
    },

    liveSessions: (client: EmulatedClient) =>
      [...sessions.values()].filter((session) => session.clientId === client.id && isLive(session)),

    endSessionsOfUser(userId: string, status: SessionStatus): void {
      for (const session of sessions.values())
        if (session.userId === userId && isLive(session)) setStatus(session, status)
    },

    issueSignInToken(userId: string): EmulatedSignInToken {
      const token = {
        id: createId('sit'),
        token: randomText(64),
        userId,
        status: 'pending' as const,
        createdAt: clock.now(),
      }
      signInTokens.set(token.token, token)
      return token
    },
  }
}
