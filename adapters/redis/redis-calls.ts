import { setUnrefTimeout } from '../timing/unref-clock.ts'
import { isCluster } from './redis-client.ts'
import type { RedisClient, ScriptCall } from './redis-client.ts'
import { shards } from './redis-keys.ts'
import { toRefusal } from './redis-refusal.ts'
import type { RedisScript } from './redis-scripts.ts'

/** One call of the store, whose commands share its time. */
export interface RedisCall {
  /** Runs a command on a key. Rejects where it cannot be sent, and where its answer is late. */
  ask<T>(key: string, command: (client: RedisClient) => Promise<unknown>): Promise<T>
  run<T>(script: RedisScript, call: ScriptCall): Promise<T>
}

export interface RedisCalls {
  /** Begins a call, which may take the store's timeout from now on. */
  begin(): RedisCall
  /** False while there is no connection, or an answer is overdue. */
  readonly isAnswering: boolean
  /** Shards such that a command sent to each of them reaches every server. */
  readonly lanes: readonly string[]
}

export interface RedisCallsOptions {
  readonly client: RedisClient
  /** Ms of one call. */
  readonly timeout: number
  /** An answer is late, or is an error that concerns more than one command. */
  readonly onTrouble: (error: unknown) => void
}

/**
 * Sends commands and bounds the wait for their answers. A command that was sent and not answered in time may still be
 * applied, so it must do no harm when it is. While its answer is overdue nothing else is sent there, since Redis answers in
 * order. So a stalled Redis delays a request once at most, and gets no pile of work for later. In a cluster that holds
 * for the shard alone.
 */
export function createRedisCalls({ client, timeout, onTrouble }: RedisCallsOptions): RedisCalls {
  const overdue = new Map<string, number>()
  const hasShards = isCluster(client)
  const toLane = (key: string) => (hasShards ? key.slice(0, key.indexOf('}')) : '')

  function count(lane: string, change: number) {
    const left = (overdue.get(lane) ?? 0) + change
    if (left > 0) overdue.set(lane, left)
    else overdue.delete(lane)
  }

  function ask<T>(deadline: number, key: string, command: (client: RedisClient) => Promise<unknown>): Promise<T> {
    if (!client.isReady) return Promise.reject(new Error('Redis is not connected'))
    const lane = toLane(key)
    if (overdue.has(lane)) return Promise.reject(new Error('Redis does not answer'))
    return new Promise<T>((resolve, reject) => {
      const wait = { isOver: false, isLate: false }
      const giveUp = () => {
        if (wait.isOver) return
        wait.isLate = true
        count(lane, 1)
        reject(new Error(`Redis did not answer within ${timeout} ms`))
        onTrouble(new Error('Redis does not answer'))
      }
      const fail = (error: unknown) => {
        reject(error)
        if (toRefusal(error)) onTrouble(error)
      }
      // A loop that was busy runs its timers before it reads what has long been in the socket.
      const timer = setUnrefTimeout(() => setImmediate(giveUp), deadline - performance.now())
      void command(client)
        .then((reply) => resolve(reply as T), fail)
        .finally(() => {
          clearTimeout(timer)
          wait.isOver = true
          if (wait.isLate) count(lane, -1)
        })
    })
  }

  return {
    begin() {
      const deadline = performance.now() + timeout
      return {
        ask: (key, command) => ask(deadline, key, command),
        run: ({ source, sha1 }, call) =>
          ask(deadline, call.keys[0]!, (client) =>
            client.evalSha(sha1, call).catch((error: unknown) => {
              // Scripts are forgotten when Redis restarts.
              if (error instanceof Error && error.message.startsWith('NOSCRIPT')) return client.eval(source, call)
              throw error
            }),
          ),
      }
    },
    get isAnswering() {
      return client.isReady && overdue.size === 0
    },
    lanes: hasShards ? shards : shards.slice(0, 1),
  }
}
