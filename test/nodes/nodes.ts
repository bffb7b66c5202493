import { createClient } from 'redis'
import { onTestFinished } from 'vitest'
import type { AuthServerOptions } from '../../adapters/h3/index.ts'
import { createRedisSessionStore } from '../../adapters/redis/index.ts'
import type { RedisClient } from '../../adapters/redis/redis-client.ts'
import { longestDelay } from '../../machines/backoff.ts'
import { eventually, startServer, type TestServer } from '../h3/harness.ts'
import type { RedisServer } from '../store/redis-server.ts'
import { createStoreLog } from '../store/store-log.ts'

let prefixes = 0
/** The secret that all nodes of a deployment seal their records with, unless a test gives another one. */
export const deploymentSecret = 'a secret that all nodes of a deployment have'

/**
 * Time limit of a Redis call in a test that sets the clock, ms. The limit runs on that clock and the answer comes in real
 * time, so a shorter one is over before the answer is there whenever the test moves the clock on a busy machine.
 */
export const longestTimeout = longestDelay

/** Options for one node. They override those of its deployment. */
export interface NodeOptions extends AuthServerOptions {
  readonly isReady?: boolean
  /** Time limit of a Redis call, ms. Default 5,000. */
  readonly timeout?: number
  /** The Redis client for the store of the node, instead of the store's own. */
  readonly client?: RedisClient
}

/** Creates a deployment: nodes on one Redis, under a prefix of its own. */
export function createDeployment(redis: Pick<RedisServer, 'url'>, options: NodeOptions = {}) {
  const prefix = `nodes${(prefixes += 1)}`

  /** Starts another node. With `isReady: false` it does not wait until the node knows the tombstones. */
  async function add(own: NodeOptions = {}) {
    const { isReady = true, timeout = 5_000, client, ...settings } = { ...options, ...own }
    const log = createStoreLog()
    const source = client ? { client } : { url: redis.url }
    const store = createRedisSessionStore({ ...source, prefix, timeout, logger: log.logger })
    onTestFinished(() => store.close())
    const node = await startServer({ store, secret: deploymentSecret, ...settings })
    // Not before: the server gives the store the key that proves entries, and the store then reads them again.
    if (isReady) await untilReady(store)
    return Object.assign(node, { store, log })
  }

  return {
    prefix,
    add,
    /** Starts a node that waits for each answer of Redis, however the test sets the clock meanwhile. */
    addPatient: async () => add({ client: await createPatientClient(redis), timeout: longestTimeout }),
    /** Starts a node that `deafen` stops from hearing what the others publish. */
    async addDeafable() {
      const { client, deafen } = await createDeafableClient(redis)
      return Object.assign(await add({ client }), { deafen })
    },
  }
}

export type Node = Awaited<ReturnType<ReturnType<typeof createDeployment>['add']>>

/**
 * Creates a client that keeps a silent connection for ever. The store's own client gives such a connection up after
 * 3.5 s of real time, which does not fit a test that sets the clock.
 */
export async function createPatientClient(redis: Pick<RedisServer, 'url'>): Promise<RedisClient> {
  const client = createClient({ url: redis.url, disableOfflineQueue: true, commandOptions: { timeout: undefined } })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.destroy())
  return client
}

async function createDeafableClient(redis: Pick<RedisServer, 'url'>) {
  const client = createClient({ url: redis.url })
  const subscriber = client.duplicate()
  client.on('error', () => {})
  client.duplicate = (() => subscriber) as never
  await client.connect()
  onTestFinished(() => client.destroy())
  return {
    client,
    /** Breaks its subscription for good, while Redis still answers its commands. */
    deafen() {
      Object.defineProperty(subscriber, 'isReady', { value: false })
      subscriber.destroy()
      subscriber.emit('error', new Error('the subscription is lost'))
    },
  }
}

/**
 * Waits until the store is ready. `ready` rejects until then, and a store that starts may take a while on a busy
 * machine.
 */
export async function untilReady(store: { ready(needs: 'current'): Promise<void> }): Promise<void> {
  await eventually(() => store.ready('current').then(...isIt), 'readiness')
}

/** Waits until the store of a node has noticed that Redis is gone. */
export async function untilLost(store: { ready(needs: 'current'): Promise<void> }): Promise<void> {
  await eventually(async () => !(await store.ready('current').then(...isIt)), 'the loss')
}

const isIt = [() => true, () => false] as const

/** Creates a browser whose requests may go to any node, as behind a balancer without sticky sessions. */
export function createRoamer(tab = 'tab1') {
  let cookie: string | undefined
  let seq = 0
  const jar = (): Record<string, string> => (cookie ? { cookie } : {})
  const post = async (node: TestServer, body: object) => {
    const result = await node.post({ ...body, tab, seq: (seq += 1) }, jar())
    cookie = result.cookie ?? cookie
    return result
  }
  return {
    get cookie() {
      return cookie
    },
    async open(node: TestServer) {
      const stream = await node.open(jar(), tab)
      cookie = stream.headers['set-cookie']?.[0]?.split(';')[0] ?? cookie
      return stream
    },
    token: (node: TestServer, token: string) => post(node, { type: 'token.received', token }),
    clear: (node: TestServer, fields: object = {}) => post(node, { type: 'session.cleared', ...fields }),
    session: (node: TestServer) => node.send('/auth/session', { headers: jar() }),
    get: (node: TestServer, path: string) => node.send(path, { headers: jar() }),
  }
}
