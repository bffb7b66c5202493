import { randomUUID } from 'node:crypto'
import { createWaits } from '../timing/waits.ts'
import type { RedisCalls } from './redis-calls.ts'
import { shards, type RedisKeys } from './redis-keys.ts'
import { tellScript } from './redis-scripts.ts'

export const rollCallKinds = { call: 'roll-call', answer: 'present' } as const

/**
 * A node that starts asks the others to make sure that Redis has every tombstone that they hold. A Redis that drops
 * keys, or that lost its data in a restart, does not say that something is missing.
 */
export interface RollCall {
  /** Asks the other nodes. It resolves when every node that heard it has answered, or after the timeout. */
  ask(): Promise<void>
  /** Tells the node that asked that this one is done. */
  answer(caller: string): Promise<void>
  /** Notes that a node has answered `caller`. */
  hear(caller: string): void
  /** True if the call is this node's own. */
  isOwn(caller: string): boolean
}

export interface RollCallOptions {
  readonly calls: RedisCalls
  readonly keys: RedisKeys
  /** Time to wait for the answers, ms. */
  readonly timeout: number
}

/** The shard for roll calls. One is enough, because every node hears every shard. */
const shard = shards[0]!

export function createRollCall({ calls, keys, timeout }: RollCallOptions): RollCall {
  const { wait, wakeAll } = createWaits()
  let asked = ''
  let answers = 0
  let expected = Infinity

  const tell = (kind: string, caller: string) =>
    calls
      .begin()
      .run<number>(tellScript, { keys: [keys.probe(shard)], arguments: [keys.channel(shard), `${kind} ${caller} {}`] })

  return {
    async ask() {
      asked = randomUUID()
      answers = 0
      expected = Infinity
      // This node hears its own call too, so it is subtracted.
      expected = (await tell(rollCallKinds.call, asked)) - 1
      if (answers < expected) await wait(timeout)
    },
    async answer(caller) {
      await tell(rollCallKinds.answer, caller)
    },
    hear(caller) {
      if (caller !== asked) return
      answers += 1
      if (answers >= expected) wakeAll()
    },
    isOwn: (caller) => caller === asked,
  }
}
