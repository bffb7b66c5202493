import { createSeals } from './seals.ts'
import type { Tombstone, StoreGuard } from './session-store.ts'
import { hasMoment } from './tombstone.ts'

/** A guard that can also seal the tombstones that it lets in. */
export interface SealingGuard extends StoreGuard {
  seal(tombstone: Tombstone): Tombstone
}

type Moment = 'clearedAt' | 'revokedAt'

/**
 * Creates the guard of the servers that hold a secret. The seal does not depend on the instance: a tombstone only
 * denies, and must still count after its servers change their rules.
 *
 * @param noteFalse Called for every tombstone that is ignored.
 */
export function createStoreGuard(secrets: readonly string[], noteFalse: () => void): SealingGuard {
  const seals = createSeals(secrets, 'ends')
  // Each moment has its own seal, so that a tombstone that is merged from two keeps the seals of its parts.
  const toContent = ({ kind, id }: Tombstone, moment: Moment, at: number) => [kind, id, moment, at]

  function isSealed(tombstone: Tombstone, moment: Moment): boolean {
    const at = tombstone[moment]
    return at === undefined || seals.verify('end', toContent(tombstone, moment, at), tombstone.seals?.[moment])
  }

  function toSeal(tombstone: Tombstone, moment: Moment) {
    const at = tombstone[moment]
    return at === undefined ? {} : { [moment]: seals.make('end', toContent(tombstone, moment, at)) }
  }

  return {
    // A tombstone without a moment has nothing that a seal could prove.
    isGenuine: (tombstone) =>
      hasMoment(tombstone) && isSealed(tombstone, 'clearedAt') && isSealed(tombstone, 'revokedAt'),
    noteFalse,
    seal: (tombstone) => ({
      ...tombstone,
      seals: { ...toSeal(tombstone, 'clearedAt'), ...toSeal(tombstone, 'revokedAt') },
    }),
  }
}
