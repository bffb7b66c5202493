/**
 * The duties that the product has and the limit leaves out, written by hand: a strict parse, all the claims, the origin
 * rule, tombstones, the order of a tab's requests, a record that another process could read, and the expiry.
 */
import { createPublicKey, randomBytes, verify as verifySignature, type JsonWebKey, type KeyObject } from 'node:crypto'
import { toViewFrame, type ContenderOptions } from './contender.ts'
import { toPeerView, type PeerClaims } from './peer-view.ts'

const leeway = 60
/** Largest body of a request, characters. */
export const maxBody = 16_384

export interface DutifulSession {
  readonly id: string
  readonly channel: string
  readonly streams: Set<FrameStream>
  readonly seqs: Map<string, number>
  claims: PeerClaims | null
  rev: number
  expiry: NodeJS.Timeout | undefined
}

interface FrameStream {
  write(frame: string): unknown
}

/** The headers that the origin rule reads. */
export interface OriginFacts {
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly site: string | undefined
  readonly contentType: string | undefined
}

/** A refusal, with the status of its answer. */
export class Refusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export function toProblem({ status, message }: Refusal): string {
  return JSON.stringify({ type: 'about:blank', title: message, status })
}

export function createDuties(options: ContenderOptions) {
  const verify = createStrictVerify(options)
  const sessions = new Map<string, DutifulSession>()
  /** Sign-outs by Clerk session and by user, with the time up to which tokens are refused, epoch s. */
  const tombstones = new Map<string, number>()
  const records = new Map<string, string>()

  const isSignedOut = ({ sid, sub, iat }: PeerClaims) =>
    iat <= (tombstones.get(`session:${sid}`) ?? -1) || iat <= (tombstones.get(`user:${sub}`) ?? -1)

  const toJson = ({ channel, rev, claims }: DutifulSession) => JSON.stringify(toPeerView(channel, rev, claims))

  function broadcast(session: DutifulSession): string {
    const json = toJson(session)
    const frame = toViewFrame(session.rev, json)
    for (const stream of session.streams) stream.write(frame)
    return json
  }

  function expire(session: DutifulSession) {
    session.claims = null
    session.rev += 1
    records.delete(session.id)
    broadcast(session)
  }

  function keep(session: DutifulSession, claims: PeerClaims) {
    session.claims = claims
    session.rev += 1
    const { sub, sid, o, exp, iat } = claims
    records.set(session.id, JSON.stringify({ channel: session.channel, rev: session.rev, sub, sid, o, exp, iat }))
    clearTimeout(session.expiry)
    session.expiry = setTimeout(expire, (claims.exp + leeway) * 1_000 - Date.now(), session)
    session.expiry.unref()
  }

  function accept(session: DutifulSession, token: string) {
    const claims = verify(token)
    if (isSignedOut(claims)) throw new Refusal(401, 'signed out')
    const known = session.claims
    if (known && known.sub !== claims.sub) throw new Refusal(409, 'another user')
    if (known && known.sid === claims.sid && known.exp > claims.exp) return
    keep(session, claims)
  }

  return {
    toJson,
    find: (id: string | undefined) => (id === undefined ? undefined : sessions.get(id)),
    create() {
      const session = toSession()
      sessions.set(session.id, session)
      return session
    },
    accept,
    firstFrame: (session: DutifulSession) => toViewFrame(session.rev, toJson(session)),
    requireOrigin({ host, origin, site, contentType }: OriginFacts) {
      if (!contentType?.startsWith('application/json')) throw new Refusal(415, 'not JSON')
      if (site !== undefined && site !== 'same-origin') throw new Refusal(403, 'another site')
      if (origin !== undefined && new URL(origin).host !== host) throw new Refusal(403, 'another origin')
    },
    /**
     * Handles the body of a POST. A token without a session makes one if it signs in.
     *
     * @returns the session, and its view as JSON
     */
    receive(known: DutifulSession | undefined, text: string) {
      const { token, tab, seq } = parseBody(text)
      const session = known ?? toSession()
      if (tab !== undefined && seq !== undefined) {
        if (seq <= (session.seqs.get(tab) ?? -1)) throw new Refusal(409, 'overtaken')
        session.seqs.set(tab, seq)
      }
      accept(session, token)
      if (!known) sessions.set(session.id, session)
      return { session, json: broadcast(session) }
    },
  }
}

function toSession(): DutifulSession {
  const id = randomBytes(32).toString('base64url')
  const channel = randomBytes(16).toString('base64url')
  return { id, channel, streams: new Set(), seqs: new Map(), claims: null, rev: 0, expiry: undefined }
}

function parseBody(text: string): { token: string; tab?: string; seq?: number } {
  const body = parseObject(text, 400)
  const { type, token, tab, seq } = body
  if (type !== 'token.received' || typeof token !== 'string') throw new Refusal(400, 'not an event')
  if (tab !== undefined && (typeof tab !== 'string' || tab.length > 64)) throw new Refusal(400, 'not a tab')
  if (seq !== undefined && !Number.isSafeInteger(seq)) throw new Refusal(400, 'not a number')
  return { token, ...(typeof tab === 'string' && { tab }), ...(typeof seq === 'number' && { seq }) }
}

function parseObject(text: string, status: number): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Refusal(status, 'not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Refusal(status, 'not an object')
  return value as Record<string, unknown>
}

const compact = /^[\w-]+\.[\w-]+\.[\w-]+$/

function createStrictVerify({ jwks, issuer, party }: ContenderOptions): (token: string) => PeerClaims {
  const keys = new Map<unknown, KeyObject>(
    jwks.keys.map((jwk) => [(jwk as { kid: string }).kid, createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })]),
  )
  const decode = (part: string) => parseObject(Buffer.from(part, 'base64url').toString(), 401)

  return (token) => {
    if (token.length > 8_192 || !compact.test(token)) throw new Refusal(401, 'malformed')
    const [header = '', payload = '', signature = ''] = token.split('.')
    const { alg, kid, crit } = decode(header)
    const key = keys.get(kid)
    if (alg !== 'RS256' || crit !== undefined || !key) throw new Refusal(401, 'not a token of this app')
    const claims = decode(payload)
    const signed = Buffer.from(token.slice(0, header.length + 1 + payload.length))
    if (!verifySignature('sha256', signed, key, Buffer.from(signature, 'base64url'))) throw new Refusal(401, 'forged')
    requireClaims(claims, issuer, party)
    return claims
  }
}

function requireClaims(
  claims: Record<string, unknown>,
  issuer: string,
  party: string,
): asserts claims is Record<string, unknown> & PeerClaims {
  const { sub, sid, exp, nbf, iat, iss, azp, sts } = claims
  if (typeof sub !== 'string' || typeof sid !== 'string') throw new Refusal(401, 'nobody')
  if (typeof exp !== 'number' || typeof nbf !== 'number' || typeof iat !== 'number') throw new Refusal(401, 'no times')
  const now = Date.now() / 1_000
  if (now >= exp + leeway || now < nbf - leeway || now < iat - leeway) throw new Refusal(401, 'not valid now')
  if (iss !== issuer || azp !== party || sts !== 'active') throw new Refusal(401, 'not valid here')
}
