import { AuthError } from '../../machines/auth-error.ts'
import type { Logger } from '../logger.ts'
import { requireKeySet } from './key-set.ts'
import type { KeySource } from './key-source.ts'
import { toPublicKeyFromPem } from './public-key.ts'

const nothingToDo = () => {}

/** A key set in hand: an id that is not in it is not published. */
export function createStaticKeys(jwks: unknown, logger: Logger): KeySource {
  const keys = requireKeySet(jwks, ({ kid, reason }) => logger.warn('keys.dropped', { kid, reason }))
  return {
    async getKey(kid) {
      const key = keys.get(kid)
      if (!key) throw new AuthError('key-not-found')
      return key
    },
    subscribe: () => nothingToDo,
    close: nothingToDo,
  }
}

/** One key, whatever id a token names: a PEM text has none. */
export function createSingleKey(jwtKey: string): KeySource {
  const key = toPublicKeyFromPem(jwtKey)
  // A key that cannot be imported is the answer to every look-up rather than an error of the process.
  Promise.resolve(key).catch(nothingToDo)
  return { getKey: async () => key, subscribe: () => nothingToDo, close: nothingToDo }
}
