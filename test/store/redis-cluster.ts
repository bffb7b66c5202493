import { createCluster } from 'redis'
import { onTestFinished } from 'vitest'
import type { Logger } from '../../adapters/logger.ts'
import { createRedisSessionStore } from '../../adapters/redis/index.ts'
import { eventually } from '../h3/harness.ts'
import { untilReady } from '../nodes/nodes.ts'
import { startRedis, type RedisServer } from './redis-server.ts'

const masters = 3
const settings = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', '--repl-diskless-sync-delay', '0']

/** Starts a real cluster of three masters, each with this many replicas. The masters come first in the result. */
export async function startCluster(replicas = 0): Promise<RedisServer[]> {
  const count = masters * (1 + replicas)
  const servers = await Promise.all(Array.from({ length: count }, () => startRedis(...settings)))
  const addresses = servers.map(({ port }) => `127.0.0.1:${port}`)
  await servers[0]!.cli('--cluster', 'create', ...addresses, '--cluster-replicas', String(replicas), '--cluster-yes')
  const isUp = async (server: RedisServer) => (await server.cli('CLUSTER', 'INFO')).includes('cluster_state:ok')
  await eventually(async () => (await Promise.all(servers.map(isUp))).every(Boolean), 'the cluster')
  const isInSync = async (server: RedisServer) => (await server.cli('INFO', 'replication')).includes('link_status:up')
  for (const replica of servers.slice(masters)) await eventually(() => isInSync(replica), 'the replication')
  return servers
}

export interface ClusterStoreOptions {
  /** The user that the client logs in as. Default: Redis's own default user. */
  readonly user?: { readonly username: string; readonly password: string }
  readonly logger?: Partial<Logger>
  readonly timeout?: number
  /** False if the store is not waited for. Default true. */
  readonly isReady?: boolean
}

/** Creates a node's store on the cluster. It is closed after the test. */
export async function createClusterStore(servers: readonly RedisServer[], options: ClusterStoreOptions = {}) {
  const { user, logger = {}, timeout = 5_000, isReady = true } = options
  const client = createCluster({
    rootNodes: servers.map(({ url }) => ({ url })),
    defaults: { disableOfflineQueue: true, ...user },
  }).on('error', () => {})
  const connected = client.connect()
  // A cluster client waits for every master.
  if (isReady) await connected
  const store = createRedisSessionStore({ client, timeout, logger })
  onTestFinished(async () => {
    await store.close()
    client.destroy()
  })
  if (isReady) await untilReady(store)
  return store
}
