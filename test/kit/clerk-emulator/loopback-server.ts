import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface LoopbackServer {
  readonly port: number
  /** Ends every connection and frees the port. */
  close(): Promise<void>
}

/**
 * Listens on one host. For `localhost` it listens on both loopback addresses with one port, because a browser may try
 * `::1` first and Node `127.0.0.1`. On a machine without IPv6 it listens only on the other address.
 *
 * @param port 0 for any free one
 */
export async function listenOnLoopback(listener: RequestListener, host: string, port: number): Promise<LoopbackServer> {
  const first = host === 'localhost' ? '127.0.0.1' : host
  const second = host === 'localhost' ? '::1' : undefined
  for (let attempt = 1; ; attempt += 1) {
    const server = await listen(listener, first, port)
    const servers = [server]
    const bound = (server.address() as AddressInfo).port
    try {
      if (second) servers.push(await listen(listener, second, bound))
    } catch (error) {
      // A port that is free on one address may be taken on the other. If no port was given, another one is drawn.
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
        await Promise.all(servers.map(closeServer))
        if (port === 0 && attempt < 5) continue
        throw error
      }
    }
    return { port: bound, close: async () => void (await Promise.all(servers.map(closeServer))) }
  }
}

async function listen(listener: RequestListener, host: string, port: number): Promise<Server> {
  const server = createServer(listener)
  server.listen(port, host)
  await once(server, 'listening')
  return server
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
