import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { HubStats } from '../../adapters/h3/index.ts'

export interface BenchOptions {
  readonly jwks: object
  readonly webhookSecret: string
}

/** What the server process holds, after a garbage collection. Bytes; CPU in µs. */
export interface BenchReport extends HubStats {
  readonly rss: number
  readonly heapUsed: number
  readonly cpu: NodeJS.CpuUsage
}

/** Starts a server in a process of its own, so that what is measured is not the one who measures. */
export async function startBenchServer(options: BenchOptions) {
  const child = fork(fileURLToPath(new URL('server-process.ts', import.meta.url)), [JSON.stringify(options)], {
    execArgv: [...process.execArgv, '--expose-gc'],
  })
  const [{ url }] = (await once(child, 'message')) as [{ url: string }]
  return {
    url,
    async report(): Promise<BenchReport> {
      child.send('report')
      const [report] = (await once(child, 'message')) as [BenchReport]
      return report
    },
    stop: () => child.disconnect(),
  }
}
