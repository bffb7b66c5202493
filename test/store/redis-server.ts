import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../free-port.ts'

/**
 * Finds the Redis to test with: the one at `REDIS_SERVER_PATH`, or else Debian's.
 *
 * @returns null if there is none
 */
export function findRedis(): string | null {
  const path = process.env['REDIS_SERVER_PATH'] ?? '/usr/bin/redis-server'
  return existsSync(path) ? path : null
}

export interface RedisServer {
  readonly url: string
  readonly port: number
  /** The folder of its files. */
  readonly dir: string
  /** Stops it from answering, while its connections stay open, as on a machine that hangs. */
  freeze(): void
  thaw(): void
  /** Kills it. It loses the data that is not yet on its disk. */
  kill(): Promise<void>
  /** Starts it again on the same port with the same files. */
  restart(): Promise<void>
  /**
   * Runs a command with redis-cli.
   *
   * @returns its output
   */
  cli(...args: string[]): Promise<string>
  stop(): Promise<void>
}

/** Starts a real Redis on a port and a folder of its own. `settings` are options of its command line. */
export function startRedis(...settings: string[]): Promise<RedisServer> {
  return startProcess((dir) => ['--dir', dir, '--save', '', ...settings])
}

/** Starts a Sentinel that watches a primary under the name `main`. */
export function startSentinel(primary: RedisServer): Promise<RedisServer> {
  return startProcess(async (dir) => {
    const file = join(dir, 'sentinel.conf')
    const lines = [
      `dir ${dir}`,
      `sentinel monitor main 127.0.0.1 ${primary.port} 1`,
      'sentinel down-after-milliseconds main 500',
    ]
    await writeFile(file, `${lines.join('\n')}\n`)
    return [file, '--sentinel']
  })
}

async function startProcess(toArgs: (dir: string) => string[] | Promise<string[]>): Promise<RedisServer> {
  const path = findRedis()
  if (path === null) throw new Error('There is no Redis: `apt-get install redis-server`, or set REDIS_SERVER_PATH')
  const port = await freePort()
  const dir = await mkdtemp(join(tmpdir(), 'authchart-redis-'))
  const args = await toArgs(dir)
  let child: ChildProcess

  async function start() {
    child = spawn(path!, [...args, '--port', String(port), '--bind', '127.0.0.1'], { stdio: 'ignore' })
    while (!(await answers(port))) {
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`)
    }
  }

  async function kill() {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    dir,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    kill,
    restart: start,
    async cli(...args) {
      const { stdout } = await promisify(execFile)('redis-cli', ['-p', String(port), ...args], { maxBuffer: 2 ** 26 })
      return stdout.trim()
    },
    async stop() {
      await kill()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Resolves with true if a Redis on the port has loaded its files and answers. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    socket.once('data', (reply) => {
      socket.destroy()
      resolve(reply.toString().startsWith('+PONG'))
    })
    socket.once('error', () => setTimeout(resolve, 5, false))
  })
}

/** The arguments of a redis-server that acknowledges a write only when it is on the disk. */
export const durable = ['--appendonly', 'yes', '--appendfsync', 'always'] as const
