import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import type { Random } from './random.ts'

/** Makes `Math.random` and random ids take their values from `random()`, so that a seed replays exactly. */
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
