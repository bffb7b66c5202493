import { createActor, fromPromise, waitFor, type InspectionEvent } from 'xstate'
import { AuthError } from '../../machines/auth-error.ts'
import { contain } from '../../machines/contain.ts'
import { jwksMachine, toCooldownLeft, toUsableKeys, type JwksInput } from '../../machines/jwks.machine.ts'
import type { Logger } from '../logger.ts'
import { perTurn } from '../timing/per-turn.ts'
import { unrefClock } from '../timing/unref-clock.ts'
import type { FetchJwks, FetchJwksRequest } from './fetch-jwks.ts'
import { requireKeySet, type DroppedKey, type KeySet } from './key-set.ts'
import type { GetKeyOptions, KeySource } from './key-source.ts'
import { withKeysAtHand } from './keys-at-hand.ts'
import type { PublicKey } from './public-key.ts'
import { createUnknownKids } from './unknown-kids.ts'

/** Number of cooldowns within which an undecided token is expected to be tried again. */
const memoryInCooldowns = 3

/** A signature takes some tenths of a ms. */
const checksPerTurn = 32

export interface RemoteKeysOptions extends JwksInput {
  readonly logger: Logger
  readonly inspect?: (event: InspectionEvent) => void
  readonly onAnswer?: FetchJwksRequest['onAnswer']
}

/**
 * Creates a source that fetches keys when they are needed. {@link jwksMachine} decides when to fetch; this function
 * decides the answer for a `kid`.
 */
export function createRemoteKeys(fetchJwks: FetchJwks, options: RemoteKeysOptions): KeySource {
  const { logger, inspect, onAnswer, ...input } = options
  const onDropped = createDropWarning(logger)
  const report = (error: unknown) => logger.error('keys.listener.failed', { reason: toReason(error) })
  const listeners = new Set<() => void>()
  const actor = createActor(
    jwksMachine.provide({
      actors: {
        fetchKeys: fromPromise(async ({ signal }) => requireKeySet(await fetchJwks({ signal, onAnswer }), onDropped)),
      },
    }),
    {
      id: 'jwks',
      input,
      clock: unrefClock,
      ...(inspect && { inspect: (event) => contain(() => inspect(event), report) }),
    },
  )
  actor.on('keys.refreshed', () => logger.debug('keys.refreshed'))
  actor.on('keys.failed', ({ error }) => logger.warn('keys.failed', { reason: toReason(error) }))

  const context = () => actor.getSnapshot().context
  const { now, cooldown } = context().settings
  const unknownKids = createUnknownKids({ now, memory: cooldown * memoryInCooldowns })

  // Listeners are called on the snapshot rather than on the event, because a listener that asks for a key at once must
  // find the new set.
  let held = context().keys
  actor.subscribe(({ context: { keys } }) => {
    if (keys === held) return
    held = keys
    for (const listener of listeners) contain(listener, report)
  })
  actor.start()

  /** Very many tokens may wait for one fetch. Their signatures are checked a few in each turn of the event loop. */
  const takeTurn = perTurn<void, void>(() => Promise.resolve(), checksPerTurn)

  const find = (kid: string) => (toUsableKeys(context()) as KeySet | null)?.get(kid)
  const isAnswered = (askedAfter: number) => toUsableKeys(context()) !== null && context().fetchedBy > askedAfter

  async function askForKey(kid: string, signal: AbortSignal | undefined): Promise<PublicKey> {
    const askedAfter = unknownKids.askedAfter(kid, context().attempts)
    if (!isAnswered(askedAfter)) {
      actor.send({ type: 'keys.needed' })
      await waitFor(actor, (snapshot) => !snapshot.hasTag('inFlight'), { signal })
      await takeTurn()
    }
    const key = find(kid)
    if (key || isAnswered(askedAfter)) unknownKids.forget(kid)
    if (key) return key
    if (isAnswered(askedAfter)) throw new AuthError('key-not-found')
    // The attempt failed, began before the kid was asked for, or has to wait. Another attempt is due when the cooldown
    // ends.
    actor.send({ type: 'keys.needed' })
    const retryAfter = toCooldownLeft(context())
    logger.debug('keys.undecided', { retryAfter })
    throw new AuthError('keys-unavailable', undefined, { cause: context().error ?? undefined, retryAfter })
  }

  async function getKey(kid: string, options: GetKeyOptions = {}): Promise<PublicKey> {
    const key = find(kid)
    if (key) return key
    // The options are read only now, so that a signal which is not needed is not created.
    const { signal, refresh = true } = options
    if (!refresh && toUsableKeys(context())) throw new AuthError('keys-unavailable')
    if (actor.getSnapshot().status !== 'active') throw new AuthError('keys-unavailable', 'The key source is closed')
    try {
      return await askForKey(kid, signal)
    } catch (error) {
      if (error instanceof AuthError) throw error
      throw new AuthError(signal?.aborted ? 'verify-timeout' : 'keys-unavailable', undefined, { cause: error })
    }
  }

  const source: KeySource = {
    getKey,
    subscribe(listener) {
      // Each subscription has its own wrapper, so that the same function subscribed twice makes two subscriptions.
      const subscription = () => listener()
      listeners.add(subscription)
      return () => void listeners.delete(subscription)
    },
    close() {
      listeners.clear()
      actor.stop()
    },
  }
  return withKeysAtHand(source, find)
}

const toReason = (error: unknown) => (error instanceof Error ? error.message : 'unknown')

/** Creates a function that warns of each unusable entry only once, however often the set is fetched. */
function createDropWarning(logger: Logger) {
  const warned = new Set<string>()
  return ({ kid, reason }: DroppedKey) => {
    const dropped = JSON.stringify([kid, reason])
    if (warned.has(dropped) || warned.size >= 1_000) return
    warned.add(dropped)
    logger.warn('keys.dropped', { kid: kid?.slice(0, 256), reason })
  }
}
