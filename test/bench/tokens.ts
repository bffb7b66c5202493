import { generateKeyPairSync, randomUUID, sign as signInput } from 'node:crypto'
import { promisify } from 'node:util'
import type { ContenderOptions } from './contenders/contender.ts'

const issuer = 'https://clerk.example.test'
const party = 'https://app.example.test'
const signAsync = promisify(signInput)
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** One Clerk instance and the tokens that it issues, which are the same for every contender. */
export interface TokenMint {
  readonly options: ContenderOptions
  /**
   * Mints the nth token of a user. Each token is a second newer than the one before and counts for an hour. The
   * view's `expiresAt` identifies it. A user has at most 1800 tokens, all issued in the past. `session` selects one
   * of the user's Clerk sessions. Default: one session for each user.
   */
  mint(user: number, serial: number, session?: number): Promise<string>
  /** A token of a user that ends at `exp`, epoch seconds, and was issued a minute before. */
  mintUntil(user: number, exp: number): Promise<string>
  /** `expiresAt` of that token, as a frame shows it. */
  toMark(serial: number): string
}

const maxSerial = 1_800

export const toUserId = (user: number) => `user_2benchbenchbenchbench${user}`
export const toSessionId = (session: number) => `sess_2benchbenchbenchbench${session}`

export function createTokenMint(kid = 'ins_2benchbenchbenchbench'): TokenMint {
  const header = encode({ alg: 'RS256', cat: 'cl_B7d4PD111AAA', kid, typ: 'JWT' })
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const first = Math.floor(Date.now() / 1_000) - maxSerial
  const lifetime = 3_600

  async function sign({ user, session, iat, exp }: { user: number; session: number; iat: number; exp: number }) {
    const payload = {
      azp: party,
      exp,
      fva: [2, -1],
      iat,
      iss: issuer,
      jti: randomUUID().replaceAll('-', ''),
      nbf: iat - 10,
      o: {
        id: `org_2bench${user}`,
        per: 'create,delete,manage,publish,read,update',
        rol: 'admin',
        slg: 'bench-organization',
      },
      sid: toSessionId(session),
      sts: 'active',
      sub: toUserId(user),
      v: 2,
    }
    const input = `${header}.${encode(payload)}`
    return `${input}.${(await signAsync('sha256', Buffer.from(input), privateKey)).toString('base64url')}`
  }

  return {
    options: {
      jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }] },
      jwtKey: String(publicKey.export({ type: 'spki', format: 'pem' })),
      issuer,
      party,
    },
    mint(user, serial, session = user) {
      if (serial > maxSerial) throw new RangeError(`a user has no more than ${maxSerial} tokens`)
      const iat = first + serial
      return sign({ user, session, iat, exp: iat + lifetime })
    },
    mintUntil: (user, exp) => sign({ user, session: user, iat: exp - 60, exp }),
    toMark: (serial) => `"expiresAt":${(first + serial + lifetime) * 1_000}`,
  }
}
