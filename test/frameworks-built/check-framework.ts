import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../free-port.ts'
import { createClerkEmulator } from '../kit/index.ts'
import { frameworks } from './frameworks.ts'
import { signInAndOut, type Outcome } from './sign-in-and-out.ts'

const examples = fileURLToPath(new URL('../../docs/examples/', import.meta.url))
const startWithin = 60_000

interface Job {
  readonly name: string
  /** The folder to work in. */
  readonly folder: string
  /** The packed package. */
  readonly tarball: string
  /** Keep the server up until SIGINT instead of checking it, with your own keys of Clerk where the environment has them. */
  readonly isServed: boolean
}

/** Installs, builds and starts one example, does with it what a browser does, and removes it again. */
export async function checkFramework({ name, folder, tarball, isServed }: Job): Promise<Outcome> {
  const { version: versioned = name, hasPage = false } = frameworks[name] ?? {}
  const project = join(folder, name)
  cpSync(join(examples, name), project, { recursive: true, filter: (path) => !path.includes('node_modules') })
  const manifest = readFileSync(join(project, 'package.json'), 'utf8').replace('file:../../..', `file:${tarball}`)
  writeFileSync(join(project, 'package.json'), manifest)
  const { dependencies, devDependencies }: Record<string, Record<string, string>> = JSON.parse(manifest)
  const outcome: Outcome = {
    name,
    version: { ...devDependencies, ...dependencies }[versioned] ?? '',
    hasPage,
    done: [],
  }
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const clerk = await createClerkEmulator({
    users: [{ id: 'user_ada', email: 'ada@example.test' }],
    appOrigin: origin,
  })
  let server: ChildProcess | undefined
  try {
    const run = (...args: string[]) => promisify(execFile)('npm', args, { cwd: project, maxBuffer: 1e8 })
    await run('install', '--prefer-offline', '--no-audit', '--no-fund')
    await run('run', 'build')
    server = spawn('npm', ['start'], {
      cwd: project,
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        NODE_ENV: 'production',
        PORT: String(port),
        NITRO_PORT: String(port),
        ORIGIN: origin,
        ...(!(isServed && process.env['CLERK_SECRET_KEY']) && {
          CLERK_SECRET_KEY: clerk.secretKey,
          CLERK_PUBLISHABLE_KEY: clerk.publishableKey,
          CLERK_API_URL: clerk.apiUrl,
        }),
      },
    })
    await untilUp(origin)
    outcome.done.push('starts')
    if (isServed) {
      console.log(`${name}: ${origin}`)
      await once(process, 'SIGINT')
    } else {
      await signInAndOut({ origin, clerk, outcome })
    }
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    outcome.failure = `${String(error)}\n${stdout}${stderr}`.slice(0, 4000)
  } finally {
    // The server is a child of npm: the whole group of processes ends.
    if (server?.pid !== undefined && server.exitCode === null) process.kill(-server.pid, 'SIGTERM')
    await clerk.close()
    rmSync(project, { recursive: true, force: true })
  }
  return outcome
}

async function untilUp(origin: string): Promise<void> {
  const deadline = performance.now() + startWithin
  while (performance.now() < deadline) {
    const answer = await fetch(`${origin}/auth/session`).catch(() => null)
    if (answer?.status === 200) return
    await wait(200)
  }
  throw new Error(`The server did not answer within ${startWithin} ms`)
}
