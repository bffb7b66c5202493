/**
 * A session store in Redis, for several nodes.
 *
 * @module authchart/redis
 */

export { createRedisSessionStore } from './redis-session-store.ts'
export type { RedisSessionStore } from './redis-session-store.ts'
export type { RedisSessionStoreOptions } from './redis-store-options.ts'
export type { RedisClient, RedisSubscriber } from './redis-client.ts'
