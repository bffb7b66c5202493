import { randomUUID } from 'node:crypto'
import { createWaits } from '../timing/waits.ts'
import type { RedisCalls } from './redis-calls.ts'
import { shards } from './redis-keys.ts'
import type { RedisKeys } from './redis-keys.ts'
import { tellScript } from './redis-scripts.ts'

export const rollCallKinds = { call: 'roll-call', answer: 'present' } as const

/**
 * A node that starts asks the others to make sure that Redis has every tombstone they hold: a Redis that drops keys, or that
 * lost its data in a restart, says nothing of what is missing.
 */
export interface RollCall {
  /** Asks, and resolves when every node that heard it has answered, or after the timeout. */
  ask(): Promise<void>
  /** Tells the node that asked that this one is done. */
  answer(caller: string): Promise<void>
  /** A node has answered `caller`. */
  hear(caller: string): void
  /** True for a call of this node's own. */
  isOwn(caller: string): boolean
}

export interface RollCallOptions {
  readonly calls: RedisCalls
  readonly keys: RedisKeys
  /** Ms to wait for the answers. */
  readonly timeout: number
}

/** Every node hears every shard, so one of them is enough. */
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
      // This node hears it too.
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
