/**
 * A cluster as docs/examples/cluster has it: a primary that hands out connections, and workers that share a Redis. It
 * tells its parent where it listens, and how much CPU each of its processes has used.
 */
import cluster from 'node:cluster'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { startAuthchart } from './contenders/authchart.ts'
import type { ContenderOptions } from './contenders/contender.ts'

/** The CPU time of the primary and of each worker since its start, µs. */
export interface ClusterReport {
  readonly primary: number
  readonly workers: readonly number[]
}

const [size = '1', options = '{}'] = process.argv.slice(2)
const readCpu = () => {
  const { user, system } = process.cpuUsage()
  return user + system
}

if (cluster.isPrimary) await startPrimary(Number(size))
else await startWorker()

async function startPrimary(count: number) {
  const workers = Array.from({ length: count }, () => cluster.fork())
  const [listening] = await Promise.all(workers.map((worker) => once(worker, 'message')))
  process.send?.(listening![0])

  process.on('message', () => {
    const answers = workers.map(async (worker) => {
      worker.send('report')
      return ((await once(worker, 'message')) as [number])[0]
    })
    void Promise.all(answers).then((cpu) =>
      process.send?.({ primary: readCpu(), workers: cpu } satisfies ClusterReport),
    )
  })
  process.on('disconnect', () => {
    for (const worker of workers) worker.kill('SIGKILL')
    process.exit(0)
  })
}

async function startWorker() {
  const { server } = await startAuthchart(JSON.parse(options) as ContenderOptions)
  server.keepAliveTimeout = 0
  process.send?.({ port: (server.address() as AddressInfo).port })
  process.on('message', () => process.send?.(readCpu()))
  process.on('disconnect', () => process.exit(0))
}
