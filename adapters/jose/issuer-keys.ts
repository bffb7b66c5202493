import { isDevelopment } from '../node-env.ts'
import { parseUrl } from '../parse-url.ts'
import { createKeySource, type KeyOptions, type KeySourceSettings } from './create-key-source.ts'
import { isKeySource, type KeySource } from './key-source.ts'
import { toFindKey, withKeysAtHand } from './keys-at-hand.ts'
import { refuseParty } from './refuse-claim.ts'

/**
 * Creates a {@link KeySource} of several Clerk instances: the keys of each, by the `iss` of its tokens. A token of one
 * instance is never verified by a key of another one, even if both have the same id. A token of any other issuer is
 * refused (`token-claims`) before a key is looked up.
 *
 * `settings` apply to each source that is made here. A source that you pass in stays yours to close.
 *
 * @throws TypeError that names the issuer which cannot be used.
 * @example
 * const keys = createIssuerKeys({
 *   'https://clerk.example.com': createClerkKeys({ secretKey: process.env.CLERK_SECRET_KEY }),
 *   'https://clerk.brand.example': { jwksUrl: 'https://clerk.brand.example/.well-known/jwks.json' },
 * })
 */
export function createIssuerKeys(
  issuers: Readonly<Record<string, KeyOptions | KeySource>>,
  settings: KeySourceSettings = {},
): KeySource {
  const entries = Object.entries(issuers)
  if (entries.length === 0) throw new TypeError('createIssuerKeys: there must be at least one issuer')
  const sources = new Map(entries.map(([issuer, keys]) => [requireIssuer(issuer), toSource(issuer, keys, settings)]))
  const allowed = new Set(sources.keys())

  const toSourceOf = (issuer: unknown) => (typeof issuer === 'string' ? sources.get(issuer) : undefined)

  const keys: KeySource = {
    async getKey(kid, options, issuer) {
      const source = toSourceOf(issuer)
      if (!source) throw refuseParty('iss', issuer, allowed, isDevelopment())
      return source.getKey(kid, options, issuer)
    },
    subscribe(listener) {
      const ends = [...sources.values()].map((source) => source.subscribe(listener))
      return () => {
        for (const end of ends) end()
      }
    },
    close() {
      for (const [issuer, source] of sources) if (source !== issuers[issuer]) source.close()
    },
  }
  return withKeysAtHand(keys, (kid, issuer) => {
    const source = toSourceOf(issuer)
    return source && toFindKey(source)(kid, issuer)
  })
}

function requireIssuer(issuer: string): string {
  const isUrl = parseUrl(issuer) !== null
  if (isUrl && !issuer.endsWith('/')) return issuer
  const example = isUrl ? issuer.replace(/\/+$/, '') : 'https://clerk.example.com'
  throw new TypeError(`createIssuerKeys: ${issuer} must be an issuer as tokens name it, such as ${example}`)
}

function toSource(issuer: string, keys: KeyOptions | KeySource, settings: KeySourceSettings): KeySource {
  if (isKeySource(keys)) return keys
  try {
    return createKeySource(keys, settings)
  } catch (cause) {
    throw new TypeError(`createIssuerKeys: ${issuer}: ${cause instanceof Error ? cause.message : 'unusable'}`, {
      cause,
    })
  }
}
