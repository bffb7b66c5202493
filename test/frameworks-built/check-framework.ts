import assert from 'node:assert/strict'
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../free-port.ts'
import { createClerkEmulator } from '../kit/index.ts'
import { toEmulatorEnvironment, toOwnEnvironment } from './clerk-environment.ts'
import { frameworks, type Framework } from './frameworks.ts'
import { keepLog, toComplaints } from './server-log.ts'
import { signInAndOut, type Outcome } from './sign-in-and-out.ts'
import { signInByForm } from './sign-in-by-form.ts'
import { ada } from './users.ts'

const examples = fileURLToPath(new URL('../../docs/examples/', import.meta.url))
const startWithin = 60_000
/** A server that waits for its open streams does not end by itself. */
const endsWithin = 3000

interface Job {
  readonly name: string
  /** The folder to work in. */
  readonly folder: string
  /** The packed package. */
  readonly tarball: string
  /** Keep the server up until SIGINT instead of checking it, with your own keys of Clerk where the environment has them. */
  readonly isServed: boolean
  /** Check the development server instead of a build. */
  readonly isDev: boolean
}

/** Installs, builds and starts one example, does with it what a browser does, and removes it again. */
export async function checkFramework({ name, folder, tarball, isServed, isDev }: Job): Promise<Outcome> {
  const framework: Partial<Framework> = frameworks[name] ?? {}
  const {
    version: versioned = name,
    hasPage = false,
    hasEcho = false,
    example = name,
    without,
    prerendered,
  } = framework
  const project = join(folder, name)
  cpSync(join(examples, example), project, { recursive: true, filter: (path) => !path.includes('node_modules') })
  if (without) rmSync(join(project, without))
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
    users: [ada],
    appOrigin: origin,
  })
  const own = isServed ? toOwnEnvironment() : undefined
  const env = {
    ...process.env,
    PORT: String(port),
    NITRO_PORT: String(port),
    ORIGIN: origin,
    ...(own ?? toEmulatorEnvironment(clerk)),
  }
  let server: ChildProcess | undefined
  try {
    const run = (...args: string[]) =>
      promisify(execFile)('npm', args, { cwd: project, env: withoutSecrets(env), maxBuffer: 1e8 })
    await run('install', '--prefer-offline', '--no-audit', '--no-fund')
    if (!isDev) {
      const { stdout, stderr } = await run('run', 'build')
      assert.deepEqual(toComplaints(stdout + stderr), [])
      assert.doesNotMatch(stdout + stderr, /store\.memory/, 'the build created an auth server')
      await run('run', 'types')
      outcome.done.push('types')
    }
    server = spawn('npm', ['run', isDev ? 'dev' : 'start'], {
      cwd: project,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...env, NODE_ENV: isDev ? 'development' : 'production' },
    })
    const readLog = keepLog(server)
    await untilUp(origin)
    outcome.done.push('starts')
    if (isServed) {
      console.log(`${name}: ${origin}${own ? '' : ` (${ada.email}, ${ada.password})`} until Ctrl-C`)
      await once(process, 'SIGINT')
    } else {
      if (hasEcho) await echo(origin)
      if (prerendered) assert.equal((await fetch(origin + prerendered)).status, 200)
      await signInAndOut({ origin, clerk, outcome })
      if (hasPage) {
        await signInByForm(origin, clerk)
        outcome.done.push('form')
      }
      assert.deepEqual(toComplaints(readLog()), [])
    }
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    outcome.failure = `${String(error)}\n${stdout}${stderr}`.slice(0, 4000)
  } finally {
    if (server) await end(server)
    await clerk.close()
    rmSync(project, { recursive: true, force: true })
  }
  return outcome
}

/** The environment of a build, which has no secrets on many machines. */
function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.endsWith('CLERK_SECRET_KEY')))
}

async function echo(origin: string): Promise<void> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"text":"hello"}' }
  const answer = await fetch(`${origin}/api/echo`, init)
  assert.deepEqual([answer.status, await answer.json()], [200, { text: 'hello' }])
}

/** Ends the whole group of processes, since the server is a child of npm. */
async function end(server: ChildProcess): Promise<void> {
  signal(server, 'SIGTERM')
  const deadline = performance.now() + endsWithin
  while (signal(server, 0) && performance.now() < deadline) await wait(100)
  signal(server, 'SIGKILL')
}

/** @returns `false` if the group has ended. */
function signal({ pid }: ChildProcess, name: NodeJS.Signals | 0): boolean {
  try {
    return pid !== undefined && process.kill(-pid, name)
  } catch {
    return false
  }
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
