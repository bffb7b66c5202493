import { randomBytes } from 'node:crypto'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** The prefixes of Clerk's ids, by resource. */
export type IdPrefix =
  | 'client'
  | 'dvb'
  | 'evt'
  | 'idn'
  | 'ins'
  | 'msg'
  | 'org'
  | 'orgmem'
  | 'sess'
  | 'sia'
  | 'sit'
  | 'user'

/** A random id in Clerk's form, for example `user_` and 27 base-62 characters. */
export function createId(prefix: IdPrefix): string {
  return `${prefix}_${randomText(27)}`
}

/** `length` random base-62 characters. They are slightly biased, which does not matter in an emulator. */
export function randomText(length: number): string {
  return Array.from(randomBytes(length), (byte) => alphabet[byte % alphabet.length]).join('')
}
