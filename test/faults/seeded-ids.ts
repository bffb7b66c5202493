import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import type { Random } from './random.ts'

/** Has everything that asks for chance, `Math.random` and random ids, ask `random()`: a seed then replays to the letter. */
export function takeOverChance(random: () => Random): void {
  const fill = <T extends Uint8Array>(bytes: T): T => {
    for (let index = 0; index < bytes.length; index += 1) bytes[index] = random().below(256)
    return bytes
  }
  Math.random = () => random()()
  Object.assign(crypto, { randomBytes: (size: number) => fill(Buffer.alloc(size)) })
  syncBuiltinESMExports()
  globalThis.crypto.getRandomValues = (<T extends Uint8Array>(bytes: T) => fill(bytes)) as Crypto['getRandomValues']
}
