import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { HubStats } from '../../adapters/h3/index.ts'

export interface ServerOptions {
  readonly jwks: object
}

/** The memory of the process after a garbage collection, bytes. */
export interface ServerReport extends HubStats {
  readonly rss: number
  readonly heapUsed: number
  /** The number of connections whose kernel takes no more data. */
  readonly stalled: number
}

export type EnduringServer = Awaited<ReturnType<typeof startServer>>

/** Starts a server in a process of its own, so that its memory does not include that of its clients. */
export async function startServer(options: ServerOptions) {
  const child = fork(fileURLToPath(new URL('server-process.ts', import.meta.url)), [JSON.stringify(options)], {
    execArgv: ['--import', 'tsx', '--expose-gc'],
  })
  const exited = once(child, 'exit') as Promise<[code: number | null, signal: string | null]>
  const [port] = (await once(child, 'message')) as [number]
  return {
    port,
    async report(): Promise<ServerReport> {
      const answer = once(child, 'message') as Promise<[ServerReport]>
      child.send('report')
      return (await answer)[0]
    },
    /**
     * Asks the server to end.
     *
     * @returns how it ended, and after how many ms
     */
    async terminate() {
      const start = performance.now()
      child.kill('SIGTERM')
      const [code, signal] = await exited
      return { code, signal, ms: performance.now() - start }
    },
    /** Kills the server, for a test that fails earlier. */
    kill: () => child.kill('SIGKILL'),
  }
}
