import type { RedisSubscriber } from './redis-client.ts'

/** The part of a cluster's client that knows which server has which slot. */
interface Slots {
  readonly slots: readonly { readonly master?: { readonly address: string } }[]
}

const hasSlots = (client: RedisSubscriber): client is RedisSubscriber & Slots => 'slots' in client

/**
 * Creates the function that checks if slots of a cluster have another master than at the last call. node-redis then
 * subscribes their channels again without a word, and the messages in between are lost.
 */
export function createSlotOwners(client: RedisSubscriber): () => boolean {
  let known: readonly (string | undefined)[] = []

  return () => {
    if (!hasSlots(client)) return false
    const owners = client.slots.map(({ master }) => master?.address)
    const hasMoved = known.length > 0 && owners.some((owner, slot) => owner !== known[slot])
    known = owners
    return hasMoved
  }
}
