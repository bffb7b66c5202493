import type { HubStats } from '../../adapters/h3/index.ts'
import type { ContenderOptions } from './contenders/contender.ts'
import type { ContenderName } from './contenders/index.ts'
import { nextMessage, startProcess } from './start-process.ts'

export type ServerCommand =
  | { readonly type: 'report' | 'collect' }
  /** Asks for the delays of the event loop since it was last asked. */
  | { readonly type: 'delays' }
  /** Opens a connection without a socket for each request; the answer is the heads of the answers. */
  | { readonly type: 'open'; readonly requests: readonly string[]; readonly isStalled?: boolean }

/** The memory and CPU of the server process. Memory is in bytes, CPU in µs since its start. */
export interface ServerReport extends HubStats {
  readonly rss: number
  readonly heapUsed: number
  readonly cpu: number
}

/** How late the event loop of the server process was to run a timer, ms. */
export interface LoopDelays {
  readonly p50: number
  readonly p99: number
  readonly max: number
  /** The longest delay that the process itself has caused, without the time in which other processes had its core. */
  readonly own: number
}

export interface BenchServer {
  readonly name: ContenderName
  readonly port: number
  report(): Promise<ServerReport>
  /** Collects garbage and returns the report. */
  collect(): Promise<ServerReport>
  /** The delays of the event loop since this was last called. */
  delays(): Promise<LoopDelays>
  /** Opens streams without sockets. With `isStalled`, each takes its first data and nothing after that. */
  openPipes(requests: readonly string[], isStalled?: boolean): Promise<string[]>
  stop(): Promise<void>
}

/** The folder for CPU profiles, if any are written. */
export const profiling: { directory?: string } = {}

/** Starts a contender in a process of its own, so that the bench itself is not measured. */
export async function startServer(name: ContenderName, options: ContenderOptions): Promise<BenchServer> {
  const profile = profiling.directory && `${profiling.directory}/${name}`
  const child = await startProcess('server-process', 'server', { args: [name, JSON.stringify(options)], profile })
  const { port } = await nextMessage<{ port: number }>(child)

  function ask<T>(command: ServerCommand): Promise<T> {
    const answer = nextMessage<T>(child)
    child.send(command)
    return answer
  }
  return {
    name,
    port,
    report: () => ask({ type: 'report' }),
    collect: () => ask({ type: 'collect' }),
    delays: () => ask({ type: 'delays' }),
    openPipes: (requests, isStalled) => ask({ type: 'open', requests, isStalled }),
    stop() {
      const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      child.disconnect()
      return exited
    },
  }
}
