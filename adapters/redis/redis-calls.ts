import { setUnrefTimeout } from '../timing/unref-clock.ts'
import { isCluster, type RedisClient, type ScriptCall } from './redis-client.ts'
import { shards } from './redis-keys.ts'
import { toRefusal } from './redis-refusal.ts'
import type { RedisScript } from './redis-scripts.ts'

/** One call of the store. All its commands share one time limit. */
export interface RedisCall {
  /** Runs a command on a key. It rejects if the command cannot be sent or its answer is late. */
  ask<T>(key: string, command: (client: RedisClient) => Promise<unknown>): Promise<T>
  run<T>(script: RedisScript, call: ScriptCall): Promise<T>
}

export interface RedisCalls {
  /** Begins a call, whose time limit runs from now on. */
  begin(): RedisCall
  /** False while there is no connection or an answer is overdue. */
  readonly isAnswering: boolean
  /** A choice of shards with which a command to each of them reaches every server. */
  readonly lanes: readonly string[]
}

export interface RedisCallsOptions {
  readonly client: RedisClient
  /** Time limit of one call, ms. */
  readonly timeout: number
  /** Called when an answer is late, or is an error that concerns more than one command. */
  readonly onTrouble: (error: unknown) => void
}

/**
 * Sends commands and limits the wait for their answers. A command that got no answer in time may still be applied
 * later, so every command must be harmless then. While an answer is overdue, nothing else is sent, because Redis
 * answers in order. A stalled Redis therefore delays a request at most once, and no work piles up for it. In a cluster
 * this applies to each shard separately.
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
      // A busy event loop runs its timers before it reads answers that are already in the socket, so the timer waits
      // for these.
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
              // Redis forgets scripts when it restarts.
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
