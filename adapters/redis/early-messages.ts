import { setUnrefTimeout } from '../timing/unref-clock.ts'

/** Keeps the messages about a session that a request has just read, until the node holds the session. */
export interface EarlyMessages<Owner extends object> {
  keep(owner: Owner, message: string): void
  /** True if messages of the owner are kept, which go before any later one. */
  has(owner: Owner): boolean
}

export interface EarlyMessagesOptions<Owner> {
  readonly isHeld: (owner: Owner) => boolean
  /** @returns True while the owner may still be held soon */
  readonly isExpected: (owner: Owner) => boolean
  readonly deliver: (message: string) => void
}

/** Interval at which the messages are offered, ms. */
const offerEvery = 20
/** The most messages of one owner. The oldest are dropped, because each record replaces the one before. */
const maxKept = 16

export function createEarlyMessages<Owner extends object>(options: EarlyMessagesOptions<Owner>): EarlyMessages<Owner> {
  const { isHeld, isExpected, deliver } = options
  const kept = new Map<Owner, readonly string[]>()

  function offer() {
    for (const [owner, messages] of kept) {
      if (!isHeld(owner) && isExpected(owner)) continue
      kept.delete(owner)
      if (isHeld(owner)) for (const message of messages) deliver(message)
    }
    if (kept.size > 0) setUnrefTimeout(offer, offerEvery)
  }

  return {
    keep(owner, message) {
      if (kept.size === 0) setUnrefTimeout(offer, offerEvery)
      kept.set(owner, [...(kept.get(owner) ?? []), message].slice(-maxKept))
    },
    has: (owner) => kept.has(owner),
  }
}
