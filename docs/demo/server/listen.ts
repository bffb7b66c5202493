import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'

/**
 * Listens on both addresses of localhost, as a browser may try either first, or on the one host that is given.
 *
 * @throws the error of the system, such as EADDRINUSE
 */
export async function listen(listener: RequestListener, port: number, host?: string): Promise<Server[]> {
  if (host) return [await listenOn(listener, port, host)]
  const first = await listenOn(listener, port, '127.0.0.1')
  const second = await listenOn(listener, port, '::1').catch((error: NodeJS.ErrnoException) => {
    // This machine has no IPv6.
    if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') return null
    throw error
  })
  return second ? [first, second] : [first]
}

async function listenOn(listener: RequestListener, port: number, host: string): Promise<Server> {
  const server = createServer(listener)
  server.listen(port, host)
  await once(server, 'listening')
  return server
}
