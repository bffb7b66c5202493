import { hasMoment } from './tombstone.ts'
import { createSeals } from './seals.ts'
import type { Tombstone, StoreGuard } from './session-store.ts'

/** A guard that can also make what it lets in. */
export interface SealingGuard extends StoreGuard {
  seal(tombstone: Tombstone): Tombstone
}

type Moment = 'clearedAt' | 'revokedAt'

/**
 * The guard of the holders of a secret. It asks for no instance: an end only denies, and must outlive a change of the rules
 * of its servers.
 *
 * @param noteFalse Is called for every tombstone that is ignored.
 */
export function createStoreGuard(secrets: readonly string[], noteFalse: () => void): SealingGuard {
  const seals = createSeals(secrets, 'ends')
  // Each moment has a seal of its own, so that a tombstone that is merged of two keeps the seals of its parts.
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
    // Without a moment there is nothing that a seal shows.
    isGenuine: (tombstone) =>
      hasMoment(tombstone) && isSealed(tombstone, 'clearedAt') && isSealed(tombstone, 'revokedAt'),
    noteFalse,
    seal: (tombstone) => ({
      ...tombstone,
      seals: { ...toSeal(tombstone, 'clearedAt'), ...toSeal(tombstone, 'revokedAt') },
    }),
  }
}
