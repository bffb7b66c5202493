import type { KeySource } from './key-source.ts'
import type { PublicKey } from './public-key.ts'

/** Finds a key without waiting. It returns undefined if the key is not at hand. */
export type FindKey = (kid: string, issuer: unknown) => PublicKey | undefined

const finders = new WeakMap<KeySource, FindKey>()

/** Lets a verifier find the keys of a source without a promise. An object that wraps the source is always asked. */
export function withKeysAtHand(source: KeySource, find: FindKey): KeySource {
  finders.set(source, find)
  return source
}

/** @returns the function that finds the keys of a source which are at hand; it finds none in a source of somebody else */
export const toFindKey = (source: KeySource): FindKey => finders.get(source) ?? (() => undefined)
