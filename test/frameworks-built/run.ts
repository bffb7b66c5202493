/**
 * Builds the examples of the frameworks from the packed package, starts each in production mode, and uses it: over HTTP,
 * and in Chromium with the real clerk-js. The packages come from the npm registry and take hundreds of MB, so `npm test`
 * does not do this. The last line is a JSON summary. It ends with 1 where something fails.
 *
 *     npm run test:frameworks [-- next]
 */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { launchBrowser } from '../e2e/browser.ts'
import { freePort } from '../free-port.ts'
import { createClerkEmulator } from '../kit/index.ts'
import type { ClerkEmulator } from '../kit/index.ts'
import { createHttpBrowser } from '../runtimes/http-browser.ts'
import { examples } from './examples.ts'
import type { Example } from './examples.ts'

const steps = [
  'builds',
  'starts',
  'signs in',
  'streams',
  'renews',
  'guards',
  'renders',
  'hydrates',
  'signs out',
] as const
type Step = (typeof steps)[number]
interface Result {
  readonly name: string
  readonly version: string
  readonly passed: readonly Step[]
  readonly error: string | null
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const user = { id: 'user_ada', email: 'ada@example.test', password: 'correct horse' }

/** Copies an example to a folder of its own, with the packed package in place of the folder that it names. */
function install({ name, framework }: Example, tarball: string, folder: string): string {
  cpSync(join(root, 'docs/examples', name), folder, { recursive: true })
  const file = join(folder, 'package.json')
  writeFileSync(file, readFileSync(file, 'utf8').replace('file:../../..', `file:${tarball}`))
  const flags = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  execFileSync('npm', flags, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  const installed = readFileSync(join(folder, 'node_modules', framework, 'package.json'), 'utf8')
  return (JSON.parse(installed) as { version: string }).version
}

/** Signs in, watches the stream, renews, asks the guarded route and the page, all over HTTP. */
async function useOverHttp(origin: string, clerk: ClerkEmulator, pass: (step: Step) => void) {
  const browser = createHttpBrowser(origin)
  await browser.untilUp()
  pass('starts')
  const session = clerk.createSession(user.id)
  const post = () => browser.send('/auth/events', { type: 'token.received', token: clerk.mintToken({ session }) })
  assert.equal((await browser.send('/api/me')).body['code'], 'not-signed-in')
  assert.ok(!(await browser.page('/')).includes(user.id))
  assert.equal((await post()).body['userId'], user.id)
  pass('signs in')
  const stream = await browser.open()
  const { rev } = await stream.viewWhere(({ isSignedIn }) => isSignedIn)
  pass('streams')
  await post()
  await stream.viewWhere((view) => view.isSignedIn && view.rev > rev)
  pass('renews')
  assert.deepEqual(await browser.send('/api/me'), { status: 200, body: { userId: user.id, orgId: null } })
  pass('guards')
  assert.ok((await browser.page('/')).includes(`The server knows you as`))
  pass('renders')
  await browser.send('/auth/events', { type: 'session.cleared' })
  await stream.viewWhere(({ state }) => state === 'signedOut')
  stream.close()
}

/** Opens the page as a user who has signed in to Clerk, loads it again as the server renders it then, and signs out. */
async function useInChromium(origin: string, clerk: ClerkEmulator, pass: (step: Step) => void) {
  const browser = await launchBrowser()
  try {
    const context = await browser.newContext()
    const value = clerk.clientCookie(clerk.createSession(user.id))
    await context.addCookies([{ name: '__client', value, url: clerk.url, httpOnly: true, sameSite: 'Lax' }])
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    const greeting = page.getByText(`The server knows you as ${user.id}`)
    await page.goto(origin)
    await greeting.waitFor()
    complaints.length = 0
    await page.reload()
    await greeting.waitFor()
    await page.waitForFunction(() => window.Clerk?.loaded)
    assert.deepEqual(complaints, [])
    pass('hydrates')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await greeting.waitFor({ state: 'detached' })
    pass('signs out')
  } finally {
    await browser.close()
  }
}

async function check(example: Example, tarball: string): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), `authchart-${example.name}-`))
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const clerk = await createClerkEmulator({ users: [user], appOrigin: origin })
  const env = {
    ...process.env,
    ...example.toEnv(clerk),
    PORT: String(port),
    APP_ORIGIN: origin,
    CLERK_SECRET_KEY: clerk.secretKey,
    CLERK_PUBLISHABLE_KEY: clerk.publishableKey,
    CLERK_API_URL: clerk.apiUrl,
  }
  const passed: Step[] = []
  const pass = (step: Step) => void passed.push(step)
  let version = ''
  let error: string | null = null
  try {
    version = install(example, tarball, folder)
    execFileSync('npm', ['run', 'build', '--silent'], { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] })
    pass('builds')
    const [program = '', ...args] = example.start
    const child = spawn(join(folder, 'node_modules/.bin', program), args, {
      cwd: folder,
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    try {
      await useOverHttp(origin, clerk, pass)
      await useInChromium(origin, clerk, pass)
    } finally {
      const ended = once(child, 'exit')
      child.kill()
      await ended
    }
  } catch (failure) {
    error = failure instanceof Error ? failure.message : String(failure)
  } finally {
    await clerk.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return { name: example.name, version, passed, error }
}

const wanted = process.argv.slice(2)
const chosen = examples.filter(({ name }) => wanted.length === 0 || wanted.includes(name))
if (chosen.length === 0) throw new Error(`there are ${examples.map(({ name }) => name).join(' ')}`)
const packed = mkdtempSync(join(tmpdir(), 'authchart-packed-'))
const results: Result[] = []
try {
  const name = execFileSync('npm', ['pack', '--silent', '--pack-destination', packed], { cwd: root, encoding: 'utf8' })
  for (const example of chosen) {
    const result = await check(example, join(packed, name.trim().split('\n').at(-1) ?? ''))
    results.push(result)
    const cells = steps.map((step) => `${result.passed.includes(step) ? '✓' : '✗'} ${step}`)
    console.log(`${result.name} ${result.version}: ${cells.join('  ')}${result.error ? `\n  ${result.error}` : ''}`)
  }
} finally {
  rmSync(packed, { recursive: true, force: true })
}
if (results.some(({ error }) => error !== null)) process.exitCode = 1
console.log(JSON.stringify(results))
