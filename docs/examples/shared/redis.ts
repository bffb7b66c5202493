import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { findProgram } from './programs.ts'

/**
 * Starts a Redis of its own for an example, on a free port of this machine.
 *
 * @throws Error if there is no redis-server; the message says how to install it, or to use a Redis that runs already
 */
export async function startRedis(dir: string): Promise<{ url: string; stop(): void }> {
  const path = findProgram(
    'redis-server',
    '`apt-get install redis-server` or `brew install redis`. To use a Redis that runs already, set REDIS_URL.',
  )
  const port = await findFreePort()
  // It stays out of the terminal's group: Ctrl+C ends the server first, which still says goodbye to its sessions.
  const child = spawn(path, ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  process.once('exit', () => child.kill())
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (text: Buffer) => text.includes('Ready to accept connections') && resolve())
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code} before it was ready`)))
  })
  return { url: `redis://127.0.0.1:${port}`, stop: () => void child.kill() }
}

/** Returns a port of this machine that nothing listens on. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
