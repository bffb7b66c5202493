import { setTimeout as sleep } from 'node:timers/promises'
import { startRedis } from '../../store/redis-server.ts'
import { sized } from '../effort.ts'
import { sendEvenly } from '../send-evenly.ts'
import { startServer } from '../start-server.ts'
import { mintAll, openPool, openSessions, toNow, watch, type Storm } from './storm.ts'

/** How long Redis is away, ms. */
const outage = sized(30_000)
/** How long the renewals go on after that, ms. */
const after = sized(5_000)
/** Every session is renewed this often, ms. */
const every = sized(45_000)

/** Redis is killed under renewing sessions, and comes back after 30 s without any of its data. */
export const redisAway: Storm = {
  row: 'storm/redis-away',
  rounds: 1,
  async prepare(mint) {
    const count = sized(5_000)
    const renewals = Math.floor((count * (outage + after)) / every)
    const tokens = await mintAll(count, (user) => mint.mint(user, 0))
    const first = await mintAll(count, (user) => mint.mint(user, 1))
    const renewed = await mintAll(renewals, (user) => mint.mint(user, 2))

    return async () => {
      const redis = await startRedis()
      const server = await startServer('authchart', { ...mint.options, redisUrl: redis.url })
      const { reader, toPosts } = await openSessions(server, tokens)
      const pool = await openPool(server.port, 256)
      const requests = toPosts(renewed)
      await pool.sendAll(toPosts(first))
      const countRecords = async () => (await redis.cli('--scan', '--pattern', 'authchart:*:s:*')).split('\n').length
      await redis.kill()
      const back = toNow() + outage
      let restored = NaN
      const measured = await watch(server, back, async () => {
        const sent = sendEvenly(requests, pool.connections, outage + after)
        await Promise.race([sent, sleep(outage)])
        await redis.restart()
        const restore = async () => {
          while ((await countRecords()) < count) await sleep(250)
          return toNow()
        }
        const [, restoredAt] = await Promise.all([sent, restore()])
        restored = restoredAt - back
      })
      const { signedIn } = await server.report()
      if (signedIn !== count) throw new Error(`${count - signedIn} sessions were signed out`)
      pool.destroy()
      reader.stop()
      await server.stop()
      await redis.stop()
      return { ...measured, done: restored }
    }
  },
}
