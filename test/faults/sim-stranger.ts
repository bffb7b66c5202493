import type { StoreChange } from '../../adapters/hub/store/session-store.ts'
import { createRandom } from './random.ts'
import type { World } from './world.ts'

/** The secret with which the nodes of a sealed case make their seals. */
export const secret = 'the secret of all nodes of the simulation'

/** A stranger who can send nodes any message through the store, and has no secret. */
export interface SimStranger {
  /** Makes a record in which another user is signed in from a true record. Null if the stranger does nothing. */
  forge(change: StoreChange): StoreChange | null
}

const forgedUser = 'user_forged'
/** This is more than the true record will have reached by then. */
const revAhead = 4_096

export function createSimStranger(world: World): SimStranger {
  // The stranger has random numbers of his own, so that the rest of a case is the same without him.
  const random = createRandom(world.tokenLife)

  return {
    forge(change) {
      if (change.type !== 'record' || !change.record.claims || !random.chance(0.2)) return null
      const { record } = change
      world.fired('store.forged')
      const claims = { ...change.record.claims, sub: forgedUser }
      const forged = { ...record, rev: record.rev + revAhead, userId: forgedUser, claims, user: null }
      // Without seals he is believed, except for records of servers with other rules, such as those of a staging
      // environment.
      return { type: 'record', record: world.isSealed ? forged : { ...forged, instance: 'staging' } }
    },
  }
}
