import { authMachine, AuthError, type BearerToken, type VerifiedSession } from 'authchart'
import { fromPromise } from 'xstate'

/** The fields of a token introspection answer (RFC 7662 §2.2) that this example uses. */
interface Introspection {
  readonly active: boolean
  readonly sub?: string
  readonly sid?: string
  readonly iat?: number
  readonly exp?: number
}

/**
 * Runs the auth machine on opaque tokens of another provider. The provider's introspection endpoint checks each
 * token.
 */
export function createIntrospectingAuth(endpoint: string, authorization: string) {
  return authMachine.provide({
    actors: {
      verifyToken: fromPromise<VerifiedSession, { token: BearerToken }>(({ input, signal }) =>
        introspect(input.token, signal),
      ),
    },
  })

  async function introspect(token: BearerToken, signal: AbortSignal): Promise<VerifiedSession> {
    const answer = await ask(token, signal)
    const { active, sub, sid, iat, exp } = answer
    if (!active || !sub || !sid || iat === undefined || exp === undefined) {
      // This is a verdict: the token signs nobody in.
      throw new AuthError('token-claims', 'The token is not active')
    }
    return {
      status: 'active',
      userId: sub,
      sessionId: sid,
      orgId: null,
      claims: { sub, sid, iat, exp },
      issuedAt: iat * 1_000,
      expiresAt: exp * 1_000,
    }
  }

  async function ask(token: BearerToken, signal: AbortSignal): Promise<Introspection> {
    try {
      const body = new URLSearchParams({ token: token.reveal() })
      const response = await fetch(endpoint, { method: 'POST', headers: { authorization }, body, signal })
      if (!response.ok) throw new Error(`introspection answered ${response.status}`)
      return (await response.json()) as Introspection
    } catch (cause) {
      // This is not a verdict: the machine goes to `error`, signs nobody out, and asks again.
      throw new AuthError('keys-unavailable', 'The introspection endpoint cannot be reached', { cause })
    }
  }
}
