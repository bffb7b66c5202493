import type { AuthInput } from '../../../machines/auth-context.ts'
import type { AuthEmitted, AuthEvent } from '../../../machines/auth-events.ts'
import type { AuthViewOptions, ServerView } from '../../../machines/auth-view.ts'
import type { BearerToken } from '../../../machines/bearer-token.ts'
import type { VerifiedSession } from '../../../machines/verified-session.ts'
import type { Eventual } from '../../eventual.ts'

/** A signal of a host: an event that the machine emits, or that its view may have changed. */
export type HostSignal = AuthEmitted | { readonly type: 'view.changed' }

/** The owner of a host. It is an object, because a node holds very many, and each would need a function of its own. */
export interface HostOwner {
  receive(signal: HostSignal): void
}

/** Starts the machine of a session, named by its channel. */
export type StartHost = (channel: string, owner: HostOwner) => SessionHost

/** All that the hub knows of the machine that holds one session, so that how it is held can change. */
export interface SessionHost {
  send(event: AuthEvent): void
  /** The view at `now`, epoch ms; `channel` and `rev` are the hub's to say. */
  view(options: Required<Pick<AuthViewOptions, 'now' | 'channel' | 'rev'>>): ServerView
  stop(): void
}

/** A check of a token, which the machine may give up. */
export interface HostCheck {
  /** Aborts when the machine gives the check up. It is made when it is first read, because it costs more than a check. */
  readonly signal: AbortSignal
  /** True once the machine has given the check up. */
  readonly isAborted: boolean
}

export interface SessionHostOptions {
  readonly verifyToken: (token: BearerToken, check: HostCheck) => Eventual<VerifiedSession>
  readonly input: AuthInput
  /** Hears of what a host contained. `code` names what failed. */
  readonly onError: (code: 'session.failed' | 'inspector.failed', error: unknown) => void
}
