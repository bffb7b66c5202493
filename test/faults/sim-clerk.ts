import { createPrivateKey, createPublicKey, createSign, generateKeyPairSync } from 'node:crypto'
import { createParty, type Party } from './virtual-time.ts'
import type { World } from './world.ts'

/** A session at Clerk, of one user in one browser. */
export interface ClerkSession {
  readonly id: string
  readonly userId: string
  status: 'active' | 'ended' | 'revoked'
}

/** The content of a token. Times are in seconds. */
export interface MintedToken {
  readonly text: string
  readonly userId: string
  readonly sessionId: string
  readonly orgId: string | null
  readonly iat: number
  readonly exp: number
}

export interface SimClerk {
  readonly sessions: ReadonlyMap<string, ClerkSession>
  /** Every token ever minted in this case. */
  readonly minted: readonly MintedToken[]
  createSession(userId: string): ClerkSession
  mint(session: ClerkSession, orgId: string | null): MintedToken
  /** Makes a token like Clerk's with a key that Clerk does not have. */
  forge(session: ClerkSession): string
  /** Returns the token that proves a view, if Clerk minted it. */
  findProof(view: ShownProof): MintedToken | undefined
  /** Signs new tokens with a new key. The old key is published until its last token has expired. */
  rotateKeys(): void
  /** Fetches the keys for a node. */
  fetchKeys(node: Party): Promise<unknown>
  /** Asks for a token on behalf of a tab. Rejects if the session has ended. */
  askForToken(tab: Party, session: ClerkSession, orgId: string | null): Promise<MintedToken | null>
}

export interface ShownProof {
  readonly userId: string | null
  readonly sessionId: string | null
  readonly orgId: string | null
  readonly claims: Readonly<Record<string, unknown>> | null
}

export const issuer = 'https://clerk.example.test'
export const appOrigin = 'https://app.example.test'
export const userIds = ['user_0', 'user_1', 'user_2'] as const

const readKey = (text: string, kid: string) => {
  const privateKey = createPrivateKey(text)
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' })
  return { kid, privateKey, jwk: { ...jwk, kid, alg: 'RS256', use: 'sig' } }
}
type SigningKey = ReturnType<typeof readKey>

/** Creates the keys of a run, as PEM. Its processes share them, because creating them takes longer than a case. */
export function createKeys(): string[] {
  const createKey = () => generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey
  return Array.from({ length: 3 }, () => createKey().export({ type: 'pkcs8', format: 'pem' }) as string)
}

/** The keys of Clerk. A case that rotates more often than there are keys uses the first one again. */
let keyRing: readonly SigningKey[] = []

/** Takes over the keys of the run. */
export function useKeys(keys: readonly string[]): void {
  keyRing = keys.map((text, place) => readKey(text, `kid_${place}`))
}

const toKey = (index: number) => keyRing[index % keyRing.length] as SigningKey

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
/**
 * The signed tokens by their content. Signing costs more than a whole check, and cases begin at the same moment, so
 * many tokens are the same.
 */
const signed = new Map<string, string>()
const maxSigned = 60_000

function sign({ kid, privateKey }: Omit<SigningKey, 'jwk'>, claims: object): string {
  const input = `${encode({ alg: 'RS256', kid, typ: 'JWT', cat: 'cl_B7d4PD111AAA' })}.${encode(claims)}`
  const known = signed.get(input)
  if (known !== undefined) return known
  const text = `${input}.${createSign('RSA-SHA256').update(input).sign(privateKey).toString('base64url')}`
  if (signed.size < maxSigned) signed.set(input, text)
  return text
}

export function createSimClerk(world: World): SimClerk {
  const { time, random, weather } = world
  const party = createParty('clerk')
  const sessions = new Map<string, ClerkSession>()
  const minted: MintedToken[] = []
  const proofs = new Map<string, MintedToken>()
  const counts = new Map<string, number>()
  let active = 0
  let turns = 0
  /** The time when each key was last retired. A key may have been used again since. */
  const retired = new Map<SigningKey, number>()
  let published: readonly SigningKey[] = [toKey(0)]

  function toClaims({ id, userId }: ClerkSession, orgId: string | null) {
    const iat = Math.floor(time.now() / 1_000)
    const exp = iat + world.tokenLife
    return {
      azp: appOrigin,
      iss: issuer,
      sub: userId,
      sid: id,
      iat,
      nbf: iat - 10,
      exp,
      sts: 'active',
      v: 2,
      ...(orgId !== null && { o: { id: orgId, rol: 'admin' } }),
    }
  }

  function mint(session: ClerkSession, orgId: string | null): MintedToken {
    const claims = toClaims(session, orgId)
    const { iat, exp } = claims
    const name = toName(session.userId, session.id, orgId, iat, exp)
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    const text = sign(toKey(active), { ...claims, jti: String(count) })
    const token = { text, userId: session.userId, sessionId: session.id, orgId, iat, exp }
    minted.push(token)
    proofs.set(name, token)
    return token
  }

  function answerKeys(node: Party, resolve: (keys: unknown) => void, reject: (reason: Error) => void) {
    const back = random.between(1, 40)
    const { keys } = weather
    if (keys === 'stalled') return world.fired('keys.stalled')
    if (keys === 'failing') {
      world.fired('keys.failed')
      return time.send(node, back, () => reject(new Error('the key endpoint answered 503')))
    }
    if (keys === 'garbage') {
      world.fired('keys.garbage')
      const garbage = random.pick([
        {},
        { keys: [] },
        '<html>',
        { keys: [{ kty: 'RSA', kid: 'kid_0', n: 'AQAB', e: 'AQAB' }] },
      ])
      return time.send(node, back, () => resolve(garbage))
    }
    const body = { keys: published.map(({ jwk }) => jwk) }
    return time.send(node, back, () => resolve(body))
  }

  return {
    sessions,
    minted,
    createSession(userId) {
      const session: ClerkSession = { id: `sess_${sessions.size}`, userId, status: 'active' }
      sessions.set(session.id, session)
      return session
    },
    mint,
    forge: (session) =>
      sign(
        { kid: toKey(active).kid, privateKey: toKey(active + 1).privateKey },
        { ...toClaims(session, null), jti: '' },
      ),
    findProof: ({ userId, sessionId, orgId, claims }) =>
      proofs.get(toName(userId, sessionId, orgId, Number(claims?.['iat']), Number(claims?.['exp']))),
    rotateKeys() {
      const old = toKey(active)
      active += 1
      const fresh = toKey(active)
      published = [fresh, ...published.filter((key) => key !== fresh)]
      const turn = (turns += 1)
      retired.set(old, turn)
      world.fired('keys.rotated')
      world.note(`Clerk signs with ${fresh.kid}`)
      time.send(party, (world.tokenLife + 2 * world.clockTolerance) * 1_000, () => {
        if (toKey(active) !== old && retired.get(old) === turn) published = published.filter((key) => key !== old)
      })
    },
    fetchKeys: (node) =>
      new Promise((resolve, reject) => {
        time.send(party, random.between(1, 40), () => answerKeys(node, resolve, reject))
      }),
    askForToken: (tab, session, orgId) =>
      new Promise((resolve, reject) => {
        const fault = random.chance(weather.token) ? random.pick(['failed', 'missing', 'hung'] as const) : null
        if (fault === 'hung') return world.fired('clerk.tokenHung')
        const there = random.between(10, 80)
        if (fault !== null) {
          world.fired(fault === 'failed' ? 'clerk.tokenFailed' : 'clerk.tokenMissing')
          const end = () => (fault === 'failed' ? reject(new Error('Clerk answered 429')) : resolve(null))
          return time.send(tab, there * 2, end)
        }
        return time.send(party, there, () => {
          const token = session.status === 'active' ? mint(session, orgId) : null
          time.send(tab, there, () => (token ? resolve(token) : reject(new Error('Clerk answered 401'))))
        })
      }),
  }
}

const toName = (userId: string | null, sessionId: string | null, orgId: string | null, iat: number, exp: number) =>
  [userId, sessionId, orgId, iat, exp].join()
