import { AuthError } from '../../machines/auth-error.ts'
import type { Logger } from '../logger.ts'
import { requireKeySet } from './key-set.ts'
import type { KeySource } from './key-source.ts'
import { withKeysAtHand } from './keys-at-hand.ts'
import { toPublicKeyFromPem } from './public-key.ts'

const nothingToDo = () => {}

/** Creates a source from a given key set. An id that is not in the set counts as not published. */
export function createStaticKeys(jwks: unknown, logger: Logger): KeySource {
  const keys = requireKeySet(jwks, ({ kid, reason }) => logger.warn('keys.dropped', { kid, reason }))
  const source: KeySource = {
    async getKey(kid) {
      const key = keys.get(kid)
      if (!key) throw new AuthError('key-not-found')
      return key
    },
    subscribe: () => nothingToDo,
    close: nothingToDo,
  }
  return withKeysAtHand(source, (kid) => keys.get(kid))
}

/** Creates a source with one key for every key id, because a PEM text has no id. */
export function createSingleKey(jwtKey: string): KeySource {
  const key = toPublicKeyFromPem(jwtKey)
  // If the key cannot be imported, every look-up rejects; this handler only prevents an unhandled rejection of the
  // process.
  Promise.resolve(key).catch(nothingToDo)
  const source: KeySource = { getKey: async () => key, subscribe: () => nothingToDo, close: nothingToDo }
  return key instanceof Promise ? source : withKeysAtHand(source, () => key)
}
