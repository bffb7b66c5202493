/**
 * Starts an example with all that it needs: Clerk, its page, and Redis if it has nodes.
 *
 * npm run example -- dashboard
 *
 * Without Clerk's keys in the environment it runs the emulator. Set `PORT` for another port than 3000.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClerkEmulator } from 'authchart/testing'
import { buildPage } from './build-page.ts'
import { startRedis } from './redis.ts'

const names = ['dashboard', 'ai-answer', 'cluster', 'nodes']
const name = process.argv[2] ?? ''
if (!names.includes(name)) {
  console.error(`Which example? ${names.map((each) => `\n  npm run example -- ${each}`).join('')}`)
  process.exit(1)
}

const folder = fileURLToPath(new URL(`../${name}/`, import.meta.url))
const port = process.env['PORT'] || '3000'
const origin = `http://localhost:${port}`
const temporary = await mkdtemp(join(tmpdir(), 'authchart-example-'))
const env: NodeJS.ProcessEnv = { ...process.env, PORT: port, PAGE: join(temporary, 'page') }
const user = { email: 'ada@example.test', password: 'difference-engine' }

const hasClerk = Boolean(env['CLERK_SECRET_KEY'] && env['CLERK_PUBLISHABLE_KEY'])
const clerk = hasClerk ? null : await createClerkEmulator({ appOrigin: origin, users: [user] })
if (clerk) {
  env['CLERK_SECRET_KEY'] = clerk.secretKey
  env['CLERK_PUBLISHABLE_KEY'] = clerk.publishableKey
  env['CLERK_API_URL'] = clerk.apiUrl
}
const needsRedis = name === 'cluster' || name === 'nodes'
const redis = needsRedis && !env['REDIS_URL'] ? await startRedis(temporary) : null
if (redis) env['REDIS_URL'] = redis.url
if (existsSync(`${folder}index.html`)) {
  await buildPage(folder, env['PAGE']!, clerk?.providerProps ?? { publishableKey: env['CLERK_PUBLISHABLE_KEY'] })
}

const server = spawn(process.execPath, [...process.execArgv, `${folder}server.ts`], { env, stdio: 'inherit' })
console.log(`\n  ${name}  ${origin}`)
console.log(
  clerk ? `  sign in as ${user.email} with the password ${user.password}\n` : '  Clerk is your own instance\n',
)

// Ctrl+C reaches the server by itself, as it does every process of a terminal.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => server.kill('SIGTERM'))
server.on('exit', async (code) => {
  redis?.stop()
  await clerk?.close()
  await rm(temporary, { recursive: true, force: true })
  process.exit(code ?? 0)
})
