/** A process with one contender in it. It tells its parent where it listens and how much memory it holds. */
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { ContenderOptions } from './contenders/contender.ts'
import { contenders, type ContenderName } from './contenders/index.ts'
import { watchOwnWork } from './own-work.ts'
import { openPipe } from './pipe.ts'
import type { LoopDelays, ServerCommand, ServerReport } from './start-server.ts'

const [name, options] = process.argv.slice(2)
const { server, stats } = await contenders[name as ContenderName](JSON.parse(options ?? '{}') as ContenderOptions)
// The connections of a bench are idle between its rounds.
server.keepAliveTimeout = 0
process.send?.({ port: (server.address() as AddressInfo).port })

function toReport(): ServerReport {
  const { rss, heapUsed } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  return { rss, heapUsed, cpu: user + system, sessions: 0, signedIn: 0, streams: 0, ...stats?.() }
}

const resolution = 5
const loop = monitorEventLoopDelay({ resolution })
loop.enable()
const work = watchOwnWork(resolution)

/** The delays beyond the monitor's own timer. */
function takeDelays(): LoopDelays {
  const toDelay = (ns: number) => Math.max(0, toTenths(ns / 1e6 - resolution))
  const [p50, p99, max] = [toDelay(loop.percentile(50)), toDelay(loop.percentile(99)), toDelay(loop.max)]
  loop.reset()
  return { p50, p99, max, own: toTenths(work.take()) }
}

const toTenths = (ms: number) => Number(ms.toFixed(1))

process.on('message', (command: ServerCommand) => {
  if (command.type === 'open') {
    const heads = command.requests.map((request) => openPipe(server, request, command.isStalled))
    void Promise.all(heads).then((heads) => process.send?.(heads))
    return
  }
  if (command.type === 'delays') {
    process.send?.(takeDelays())
    return
  }
  // Twice: what the first collection finalises, the second frees.
  if (command.type === 'collect') for (let time = 0; time < 2; time += 1) globalThis.gc?.()
  process.send?.(toReport())
})
process.on('disconnect', () => process.exit(0))
