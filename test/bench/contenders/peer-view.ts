/** The view that the peers send. It is the product's view, field by field, so that the payload is the same. */
export interface PeerClaims {
  readonly sub: string
  readonly sid: string
  readonly exp: number
  readonly nbf: number
  readonly iat: number
  readonly iss: string
  readonly azp: string
  readonly sts: string
  readonly fva: readonly number[]
  readonly o: { readonly id: string; readonly rol: string; readonly slg: string; readonly per: string }
}

export type PeerView = ReturnType<typeof toPeerView>

export function toPeerView(channel: string, rev: number, claims: PeerClaims | null) {
  return {
    channel,
    rev,
    state: claims ? 'signedIn' : 'unchecked',
    authChecked: claims !== null,
    timedOut: false,
    isSignedIn: claims !== null,
    userId: claims?.sub ?? null,
    sessionId: claims?.sid ?? null,
    orgId: claims?.o.id ?? null,
    orgRole: claims ? `org:${claims.o.rol}` : null,
    actor: null,
    claims: claims && toPublicClaims(claims),
    user: null,
    error: null,
    expiresAt: claims && claims.exp * 1_000,
    now: Date.now(),
  }
}

const toPublicClaims = ({ sub, sid, o, fva, sts, exp, iat }: PeerClaims) => ({ sub, sid, o, fva, sts, exp, iat })
