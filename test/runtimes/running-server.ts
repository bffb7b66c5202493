import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { freePort } from '../free-port.ts'
import type { ClerkEmulator } from '../kit/index.ts'
import type { Stores } from './checks/check.ts'
import type { FixtureSettings } from './fixture/settings.ts'
import { createHttpBrowser } from './http-browser.ts'
import type { Runtime } from './runtimes.ts'

/** Time that a server may take until it answers, ms. */
const startWithin = 45_000

export interface StartOptions {
  readonly runtime: Runtime
  /** The folder with the installed packages and the built fixture. */
  readonly folder: string
  readonly clerk: ClerkEmulator
  readonly stores?: Stores
}

export interface RunningServer {
  readonly origin: string
  stop(): Promise<void>
}

/** Starts the server under test in a process of its own. @throws Error with what it has said if it does not answer */
export async function startServer({ runtime, folder, clerk, stores }: StartOptions): Promise<RunningServer> {
  const port = await freePort()
  const { secretKey, publishableKey, apiUrl, webhookSecret } = clerk
  const settings: FixtureSettings = { port, clerk: { secretKey, publishableKey, apiUrl, webhookSecret }, ...stores }
  const [command = '', ...args] = runtime.command
  const child = spawn(command, args, {
    cwd: folder,
    // workerd is a child of the process that starts it: the whole group of processes ends.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...runtime.env, FIXTURE: JSON.stringify(settings) },
  })
  let said = ''
  for (const output of [child.stdout, child.stderr]) output.on('data', (text) => void (said += String(text)))
  const closed = once(child, 'close')
  async function stop() {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      process.kill(-child.pid, 'SIGKILL')
    }
    await closed
  }

  const origin = `http://127.0.0.1:${port}`
  const browser = createHttpBrowser(origin)
  const deadline = performance.now() + startWithin
  let status: number | undefined
  while (status === undefined && performance.now() < deadline && child.exitCode === null) {
    status = await browser.send('/stats').then(
      (answer) => answer.status,
      () => undefined,
    )
    if (status === 200) return { origin, stop }
    await wait(100)
  }
  await stop()
  throw new Error(`The server ${status === undefined ? 'did not answer' : `answered ${status}`}:\n${said}`)
}
