import { createClient } from 'redis'
import { onTestFinished } from 'vitest'
import type { RedisClient, RedisSubscriber } from '../../adapters/redis/redis-client.ts'
import type { RedisServer } from '../store/redis-server.ts'

/** What some work has asked Redis. */
export interface CountedCalls {
  /** The commands, sorted. */
  readonly commands: readonly string[]
  /** Number of times that the work waited for answers: commands that are sent together count once. */
  readonly roundTrips: number
}

const counted = ['get', 'set', 'del', 'pExpire', 'evalSha', 'xRange', 'sSubscribe', 'sUnsubscribe'] as const
/** Turns of the event loop without a new command, after which the commands so far are sent. */
const quietTurns = 20

/** A client whose commands are counted, and are sent one round trip at a time. */
export async function createCountedClient(redis: Pick<RedisServer, 'url'>) {
  const client = createClient({ url: redis.url, disableOfflineQueue: true })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.destroy())
  const subscriber = client.duplicate()
  client.duplicate = (() => subscriber) as never
  let commands: string[] = []
  let roundTrips = 0
  let held: (() => void)[] = []
  let isOn = false

  async function sendWhenQuiet() {
    for (let turn = 0, size = held.length; turn < quietTurns; turn += 1) {
      await new Promise(setImmediate)
      if (held.length > size) [turn, size] = [0, held.length]
    }
    roundTrips += 1
    for (const send of held.splice(0)) send()
  }

  for (const target of [client, subscriber] as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>[]) {
    for (const name of counted) {
      const send = target[name]!
      target[name] = async (...args) => {
        if (!isOn) return send.apply(target, args)
        commands.push(name)
        if (held.length === 0) setImmediate(() => void sendWhenQuiet())
        await new Promise<void>((resolve) => held.push(resolve))
        return send.apply(target, args)
      }
    }
  }

  return {
    client: client as unknown as RedisClient & RedisSubscriber,
    /** Counts what the work asks, until it ends. Commands that it leaves to the background count too, without a wait. */
    async count(work: () => Promise<unknown>): Promise<CountedCalls> {
      isOn = true
      await work()
      const result = roundTrips
      while (held.length > 0) await new Promise(setImmediate)
      isOn = false
      const counts = { commands: commands.toSorted(), roundTrips: result }
      commands = []
      roundTrips = 0
      return counts
    },
  }
}
