import { createWebhookSecret } from '../../kit/clerk-emulator/webhook.ts'
import { sized } from '../effort.ts'
import type { RowName } from '../goals.ts'
import { toWebhookRequest } from '../requests.ts'
import { startServer } from '../start-server.ts'
import { toUserId } from '../tokens.ts'
import { mintAll, openPool, openSessions, toNow, watch, type Storm } from './storm.ts'

/** A webhook that ends a user with very many sessions, each with a stream. */
const createRevocation = (row: RowName, count: number): Storm => ({
  row,
  async prepare(mint) {
    const tokens = await mintAll(count, (session) => mint.mint(0, 0, session))

    return async () => {
      const webhookSecret = createWebhookSecret()
      const server = await startServer('authchart', { ...mint.options, webhookSecret })
      const pool = await openPool(server.port, 1)
      const { reader } = await openSessions(server, tokens)
      const { seen } = await reader.lookOut('"isSignedIn":false', count)
      const webhook = toWebhookRequest(server.port, webhookSecret, { type: 'user.deleted', data: { id: toUserId(0) } })
      const measured = await watch(server, toNow(), () => Promise.all([pool.sendAll([webhook], 204), seen]))
      const { signedIn } = await server.report()
      if (signedIn > 0) throw new Error(`${signedIn} sessions are still signed in`)
      pool.destroy()
      reader.stop()
      await server.stop()
      return measured
    }
  },
})

export const revocation: Storm = createRevocation('storm/revocation', sized(10_000))
export const revocation1k: Storm = createRevocation('storm/revocation-1k', sized(1_000))
