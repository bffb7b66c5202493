import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { buildProcesses } from './build.ts'

/** The server and the client each have their own core, so that neither takes time from the other. */
const cores = { server: '0', client: '1' } as const

const canPin = availableParallelism() > 1 && hasTaskset()
let built: Promise<(name: string) => string> | undefined

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['-V'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export const pinning = canPin ? `server on core ${cores.server}, client on core ${cores.client}` : 'not pinned'

/** Keeps this process, which is a client, off the servers' core. */
export function pinClient(): void {
  if (canPin) execFileSync('taskset', ['-a', '-c', '-p', cores.client, String(process.pid)], { stdio: 'ignore' })
}

/** Starts one of the compiled processes on its core. With `profile`, it writes its CPU profile there when it ends. */
export async function startProcess(
  name: string,
  role: keyof typeof cores,
  { args = [], profile }: { args?: readonly string[]; profile?: string } = {},
): Promise<ChildProcess> {
  built ??= buildProcesses()
  const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`, '--cpu-prof-interval=200']
  const command = [process.execPath, '--expose-gc', ...flags, (await built)(name), ...args]
  const [program = '', ...rest] = canPin ? ['taskset', '-c', cores[role], ...command] : command
  return spawn(program, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}

/** Waits for the next message of a child. Rejects if the child ends instead. */
export async function nextMessage<T>(child: ChildProcess): Promise<T> {
  const ended = new AbortController()
  const exit = once(child, 'exit', { signal: ended.signal }).then(([code]) => {
    throw new Error(`a bench process ended with ${code}`)
  })
  exit.catch(() => {})
  try {
    return await Promise.race([once(child, 'message').then(([message]) => message as T), exit])
  } finally {
    ended.abort()
  }
}
