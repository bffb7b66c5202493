/**
 * Signs in, watches a stream for longer than a runtime keeps a silent connection, renews and signs out, over HTTP
 * against a server on another runtime. The exit code is 1 if something fails.
 *
 * npx tsx --tsconfig test/tsconfig.json test/runtimes/run.ts bun test/runtimes/server.ts
 * npx tsx --tsconfig test/tsconfig.json test/runtimes/run.ts deno run -A test/runtimes/server.ts
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { freePort } from '../free-port.ts'
import { createClerkEmulator } from '../kit/index.ts'
import { createHttpBrowser } from './http-browser.ts'

/** The server pings every 5 s on Bun, which ends a connection after 10 s of silence, and every 15 s elsewhere. */
const pings = 3

const [command = 'bun', ...args] = process.argv.slice(2)
const port = await freePort()
const origin = `http://localhost:${port}`
const clerk = await createClerkEmulator({ users: [{ id: 'user_ada', email: 'ada@example.test' }], appOrigin: origin })
const child = spawn(command, args, {
  stdio: ['ignore', 'inherit', 'inherit'],
  env: {
    ...process.env,
    PORT: String(port),
    CLERK_SECRET_KEY: clerk.secretKey,
    CLERK_PUBLISHABLE_KEY: clerk.publishableKey,
    CLERK_API_URL: clerk.apiUrl,
  },
})

const browser = createHttpBrowser(origin)
const { send, open } = browser

async function run() {
  await browser.untilUp()
  const session = clerk.createSession('user_ada')
  const post = () => send('/auth/events', { type: 'token.received', token: clerk.mintToken({ session }) })

  const anonymous = await open()
  assert.equal((await anonymous.view()).state, 'unchecked')
  assert.equal((await send('/me')).body['code'], 'not-signed-in')
  assert.equal((await post()).body['userId'], 'user_ada')
  anonymous.close()

  const stream = await open()
  const { rev } = await stream.viewWhere(({ isSignedIn }) => isSignedIn)
  assert.deepEqual(await send('/me'), { status: 200, body: { userId: 'user_ada' } })
  for (let heard = 0; heard < pings;) if ((await stream.next())?.event === 'ping') heard += 1
  await post()
  await stream.viewWhere((view) => view.isSignedIn && view.rev > rev)
  await send('/auth/events', { type: 'session.cleared' })
  await stream.viewWhere(({ state }) => state === 'signedOut')
  assert.equal((await send('/me')).status, 401)

  stream.close()
  while ((await send('/stats')).body['streams'] !== 0) await wait(100)
}

try {
  await run()
  console.log(`${command}: signed in, heard ${pings} pings, renewed and signed out`)
} catch (error) {
  console.error(error)
  process.exitCode = 1
} finally {
  child.kill()
  await clerk.close()
}
