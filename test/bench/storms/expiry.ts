import { isQuick, sized } from '../effort.ts'
import { startServer } from '../start-server.ts'
import { mintAll, openPool, openSessions, watch, type Storm } from './storm.ts'

/** How long the sessions live, s: as long as it takes to renew them, and then some. */
const life = isQuick ? 8 : 30
/** For so long the server accepts a token after its `exp`, ms. */
const tolerance = 60_000

/** Open streams whose proofs all end in the same second. */
export const expiry: Storm = {
  row: 'storm/expiry',
  async prepare(mint) {
    const count = sized(10_000)
    const tokens = await mintAll(count, (user) => mint.mint(user, 0))

    return async () => {
      const server = await startServer('authchart', mint.options)
      const { reader, toPosts } = await openSessions(server, tokens)
      // The token that ends soon is minted when the streams are open, so that none ends before them.
      const due = Math.ceil(Date.now() / 1_000 + life) * 1_000
      const last = await mintAll(count, (user) => mint.mintUntil(user, (due - tolerance) / 1_000))
      const pool = await openPool(server.port, 64)
      await pool.sendAll(toPosts(last))
      if (Date.now() > due) throw new Error('the sessions ended before all of them were renewed')
      const { seen } = await reader.lookOut('"isSignedIn":false', count)
      const measured = await watch(server, due, () => seen)
      pool.destroy()
      reader.stop()
      await server.stop()
      return measured
    }
  },
}
