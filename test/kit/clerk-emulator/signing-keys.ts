import { generateKeyPair as generateKeyPairCallback, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { createId } from './identifiers.ts'

const generateKeyPair = promisify(generateKeyPairCallback)

export interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** One public RSA key as Clerk publishes it. */
export interface PublishedKey {
  kty: 'RSA'
  use: 'sig'
  alg: 'RS256'
  kid: string
  n: string
  e: string
}

export type SigningKeys = Awaited<ReturnType<typeof createSigningKeys>>

/** The instance's RSA keys: the one that signs, those still published, and one that Clerk never published. */
export async function createSigningKeys() {
  let current = await createSigningKey()
  let previous: SigningKey | undefined
  let published = [current]
  let foreign: SigningKey | undefined

  return {
    get current() {
      return current
    },
    /** The key that signed before the last rotation, published or not. */
    get previous() {
      if (!previous) throw new Error('No previous key: call rotateKeys() first')
      return previous
    },
    /**
     * A key that Clerk never published: a token that it signs must never pass. It is created on first use, because few
     * tests need it.
     */
    get foreign() {
      foreign ??= { kid: createId('ins'), ...generateKeyPairSync('rsa', { modulusLength: 2048 }) }
      return foreign
    },

    /** Signs with a new key from now on. `keepOld` leaves the old key published, as Clerk does for a while. */
    async rotate(keepOld: boolean): Promise<void> {
      const next = await createSigningKey()
      previous = current
      current = next
      published = keepOld ? [current, ...published] : [current]
    },

    jwks: (): { keys: PublishedKey[] } => ({ keys: published.map(toPublishedKey) }),
    /** The current public key as PEM (SPKI), for `jwtKey`. */
    pem: (): string => current.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
}

async function createSigningKey(): Promise<SigningKey> {
  return { kid: createId('ins'), ...(await generateKeyPair('rsa', { modulusLength: 2048 })) }
}

function toPublishedKey({ kid, publicKey }: SigningKey): PublishedKey {
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' })
  return { kty: 'RSA', use: 'sig', alg: 'RS256', kid, n, e }
}
