import { hasMoment } from './grave-life.ts'
import { createSeals } from './seals.ts'
import type { Grave, StoreGuard } from './session-store.ts'

/** A guard that can also make what it lets in. */
export interface SealingGuard extends StoreGuard {
  seal(grave: Grave): Grave
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
  // Each moment has a seal of its own, so that a grave that is merged of two keeps the seals of its parts.
  const toContent = ({ kind, id }: Grave, moment: Moment, at: number) => [kind, id, moment, at]

  function isSealed(grave: Grave, moment: Moment): boolean {
    const at = grave[moment]
    return at === undefined || seals.verify('end', toContent(grave, moment, at), grave.seals?.[moment])
  }

  function toSeal(grave: Grave, moment: Moment) {
    const at = grave[moment]
    return at === undefined ? {} : { [moment]: seals.make('end', toContent(grave, moment, at)) }
  }

  return {
    // Without a moment there is nothing that a seal shows.
    isGenuine: (grave) => hasMoment(grave) && isSealed(grave, 'clearedAt') && isSealed(grave, 'revokedAt'),
    noteFalse,
    seal: (grave) => ({ ...grave, seals: { ...toSeal(grave, 'clearedAt'), ...toSeal(grave, 'revokedAt') } }),
  }
}
