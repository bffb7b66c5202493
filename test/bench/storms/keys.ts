import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { sized } from '../effort.ts'
import { startServer } from '../start-server.ts'
import { createTokenMint } from '../tokens.ts'
import { mintAll, openPool, openSessions, toNow, watch, type Storm } from './storm.ts'

/** The pause that the server keeps between two fetches of keys, ms, and a little more. */
const cooldown = 10_500

/**
 * The signing keys are replaced while very many sessions are open, and every session brings a token of the new key,
 * 256 at a time. The old key is gone at once.
 */
export const keys: Storm = {
  row: 'storm/keys',
  async prepare(mint) {
    const count = sized(10_000)
    const next = createTokenMint('ins_2benchbenchbenchbenchnext')
    const tokens = await mintAll(count, (user) => mint.mint(user, 0))
    const newTokens = await mintAll(count, (user) => next.mint(user, 1))

    return async () => {
      const endpoint = await startKeyEndpoint()
      endpoint.publish(mint.options.jwks)
      const server = await startServer('authchart', { ...mint.options, jwksUrl: endpoint.url })
      const { reader, toPosts } = await openSessions(server, tokens)
      const pool = await openPool(server.port, 256)
      const requests = toPosts(newTokens)
      await sleep(cooldown)
      endpoint.publish(next.options.jwks)
      const measured = await watch(server, toNow(), () => pool.sendAll(requests))
      const { signedIn } = await server.report()
      if (signedIn !== count) throw new Error(`${count - signedIn} sessions were signed out`)
      pool.destroy()
      reader.stop()
      await server.stop()
      endpoint.stop()
      return measured
    }
  },
}

/** Serves a key set, as Clerk does. */
async function startKeyEndpoint() {
  let published: object = { keys: [] }
  const endpoint = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(published))
  }).listen(0, '127.0.0.1')
  await once(endpoint, 'listening')
  return {
    url: `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`,
    publish(jwks: object) {
      published = jwks
    },
    stop() {
      endpoint.close()
      endpoint.closeAllConnections()
    },
  }
}
