import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { RedisServer } from './redis-server.ts'

/** One address for several Redis servers. It is closed after the test. */
export interface RedisProxy {
  readonly url: string
  /** The number of connections that it has accepted so far. */
  readonly accepted: number
  /** Leads new connections to another server. Open connections stay, as behind a DNS name or a load balancer. */
  pointTo(server: Pick<RedisServer, 'port'>): void
}

export async function startProxy(first: Pick<RedisServer, 'port'>): Promise<RedisProxy> {
  const sockets = new Set<Socket>()
  let target = first.port
  let accepted = 0
  const server = createServer((near) => {
    accepted += 1
    const far = connect(target, '127.0.0.1')
    const ends = [near, far]
    for (const socket of ends) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        for (const end of ends) end.destroy()
      })
    }
    near.pipe(far).pipe(near)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    get accepted() {
      return accepted
    },
    pointTo(next) {
      target = next.port
    },
  }
}
