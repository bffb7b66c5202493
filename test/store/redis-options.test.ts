import { createClient } from 'redis'
import { describe, expect, it } from 'vitest'
import { createRedisSessionStore, type RedisSessionStoreOptions } from '../../adapters/redis/index.ts'

describe('the options of the Redis store', () => {
  const url = 'redis://127.0.0.1:1'

  it.each<[string, unknown]>([
    ['options', null],
    ['url', {}],
    ['url', { url, client: createClient() }],
    ['url', { url: 'localhost:6379' }],
    ['url', { url: 'https://localhost' }],
    ['url', { url: 6379 }],
    ['client', { client: {} }],
    ['client', { client: { get() {} } }],
    ['prefix', { url, prefix: '' }],
    ['prefix', { url, prefix: 'a b' }],
    ['prefix', { url, prefix: 'app:{1}' }],
    ['timeout', { url, timeout: 0 }],
    ['timeout', { url, timeout: Number.NaN }],
    ['timeout', { url, timeout: '500' }],
    ['timeout', { url, timeout: 2 ** 31 }],
    ['clock', { url, clock: 0 }],
    ['tiemout', { url, tiemout: 500 }],
  ])('name %s in the error for %o', (name, options) => {
    const create = () => createRedisSessionStore(options as RedisSessionStoreOptions)
    expect(create).toThrow(TypeError)
    expect(create).toThrow(new RegExp(`^createRedisSessionStore: ${name} `))
  })

  it('never repeat a password', () => {
    expect(() => createRedisSessionStore({ url: 'http://user:secret@host' })).toThrow(/^(?!.*secret)/)
  })

  it('reject every call at once while there is no Redis, and say so once', async () => {
    const warnings: unknown[] = []
    const logger = {
      warn: (code: string) => void warnings.push(code),
      error: (code: string) => void warnings.push(code),
    }
    const store = createRedisSessionStore({ url, timeout: 30, logger })
    await expect(store.read('alias')).rejects.toThrow('not connected')
    await expect(store.remove('id', 1)).rejects.toThrow('not connected')
    await expect(store.ready('loaded')).rejects.toThrow('out of reach')
    // A session that this node ends counts as ended here all the same.
    const ended = store.addTombstone({ kind: 'session', id: 'sess_a', clearedAt: 5_000, until: Date.now() + 60_000 })
    expect(store.findTombstone({ userId: 'user_a', sessionId: 'sess_a', issuedAt: 0 })).toBe('token-superseded')
    await expect(ended).rejects.toThrow('not connected')
    await expect.poll(() => warnings).toEqual(['redis.lost'])
    await store.close()
  })
})
