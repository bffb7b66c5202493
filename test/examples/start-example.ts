import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { sendSignInForm } from '../e2e/sign-in-form.ts'
import { freePort } from '../free-port.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

export interface RunningExample {
  readonly url: string
  /** What it has printed so far. */
  output(): string
  /** Ends it as `Ctrl+C` does, and resolves with its exit code. */
  end(): Promise<number | null>
}

/** Starts an example with the command of its page, on the built package, and waits until it answers. */
export async function startExample(name: string, env: NodeJS.ProcessEnv = {}): Promise<RunningExample> {
  const port = await freePort()
  const child = spawn(process.execPath, ['--import', 'tsx', 'docs/examples/shared/run.ts', name], {
    cwd: root,
    env: { ...process.env, ...env, PORT: String(port) },
    // In a group of its own, all its processes get the signal, as on a terminal.
    detached: true,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()))
  const exited = once(child, 'exit') as Promise<[number | null]>
  const isRunning = () => child.exitCode === null && child.signalCode === null
  const signal = (name: NodeJS.Signals) => isRunning() && child.pid !== undefined && process.kill(-child.pid, name)
  const end = async () => {
    signal('SIGINT')
    const [code] = await exited
    return code
  }
  onTestFinished(async () => {
    await end()
  })
  const url = `http://localhost:${port}`
  while (!(await answers(url))) if (!isRunning()) throw new Error(`The example ended:\n${output}`)
  return { url, output: () => output, end }
}

async function answers(url: string): Promise<boolean> {
  const answer = await fetch(url).catch(() => new Promise<null>((resolve) => setTimeout(resolve, 50, null)))
  return answer?.ok === true
}

/** Opens pages of one new browser profile. Its `errors` are what the pages threw. */
export async function openProfile(browser: Browser, url: string) {
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  const errors: string[] = []
  return {
    context,
    errors,
    async openTab(): Promise<Page> {
      const page = await context.newPage()
      page.on('pageerror', (error) => errors.push(error.message))
      await page.goto(url, { waitUntil: 'domcontentloaded' })
      return page
    },
  }
}

/** Signs in as the user whom the example names, in Clerk's own form. */
export const signInAsAda = (page: Page): Promise<void> =>
  sendSignInForm(page, { email: 'ada@example.test', password: 'difference-engine' })
