/**
 * One process for each core behind one port. A process that dies is replaced, and costs its streams a reconnect.
 *
 * REDIS_URL=redis://localhost:6379 CLERK_SECRET_KEY=sk_test_… CLERK_PUBLISHABLE_KEY=pk_test_… npx tsx server.ts
 */
import cluster from 'node:cluster'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'

/** A process that cannot start, such as without Redis, would otherwise be started in a tight loop. In ms. */
const pause = 500

if (cluster.isPrimary) startPrimary()
else await import('./worker.ts')

function startPrimary(): void {
  let isEnding = false
  const size = Number(process.env['PROCESSES'] ?? availableParallelism())
  for (let index = 0; index < size; index += 1) cluster.fork()

  cluster.on('listening', ({ process }) => console.log(`process ${process.pid} listens`))
  cluster.on('exit', ({ process }, code, signal) => {
    if (isEnding) return
    console.log(`process ${process.pid} died (${signal || code})`)
    setTimeout(() => isEnding || cluster.fork(), pause)
  })

  const end = async () => {
    isEnding = true
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)
    for (const { process } of workers) process.kill('SIGTERM')
    await Promise.all(workers.map((worker) => once(worker, 'exit')))
    process.exit()
  }
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => void end())
}
