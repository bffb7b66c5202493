import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * The first and the last port to choose from. Systems give out higher ones for port 0 and for outgoing connections, so
 * that none of those takes the port before the process has it. The same is true 10,000 ports higher, where a Redis of a
 * cluster listens too.
 */
const ports = [10_000, 22_767] as const

/** Returns a free loopback port, for a process that has to be given its port. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(ports[0], ports[1] + 1)
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
