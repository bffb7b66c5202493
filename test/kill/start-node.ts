import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import type { HubStats } from '../../adapters/h3/index.ts'
import { freePort } from '../free-port.ts'

export interface NodeOptions {
  /** The URL of Redis. Without it, `sqlite` is required. */
  readonly redis?: string
  /** The file of SQLite. */
  readonly sqlite?: string
  readonly jwks: object
  readonly port: number
  /** The timeout for Redis in ms. Default: that of the store. */
  readonly timeout?: number
  /** The Node that runs it. Default: this one. */
  readonly execPath?: string
}

/** The memory and CPU of a node after a garbage collection. Memory is in bytes, CPU in µs since its start. */
export interface NodeReport extends HubStats {
  readonly cpu: number
  readonly heapUsed: number
  readonly rss: number
}

/** A node that can be killed and started again on the same port. */
export interface NodeProcess {
  readonly url: string
  readonly pid: number
  /** Sends SIGKILL, after which the node cannot say goodbye. */
  kill(): Promise<void>
  /** Resolves when it listens. It may not know the tombstones yet. */
  start(): Promise<void>
  report(): Promise<NodeReport>
}

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Builds the node as one JavaScript file, which starts in a tenth of the time that compiling takes. */
export async function buildNode() {
  const outDir = `${root}node_modules/.cache/authchart-node-${process.pid}`
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: { ssr: 'test/kill/node-process.ts', outDir, emptyOutDir: true, target: 'node20', minify: false },
  })
  return {
    async start(options: Omit<NodeOptions, 'port'>): Promise<NodeProcess> {
      const port = await freePort()
      const settings: NodeOptions = { ...options, port }
      let child: ChildProcess
      async function start() {
        child = fork(`${outDir}/node-process.js`, [JSON.stringify(settings)], {
          execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
          ...(options.execPath && { execPath: options.execPath }),
        })
        await once(child, 'message')
      }
      await start()
      return {
        url: `http://127.0.0.1:${port}`,
        get pid() {
          return child.pid ?? 0
        },
        async kill() {
          if (child.exitCode !== null || child.signalCode !== null) return
          child.kill('SIGKILL')
          await once(child, 'exit')
        },
        start,
        async report() {
          child.send('report')
          const [report] = (await once(child, 'message')) as [NodeReport]
          return report
        },
      }
    },
    remove: () => rm(outDir, { recursive: true, force: true }),
  }
}
