import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createClerkEmulator } from 'authchart/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../free-port.ts'
import { packPackage } from '../pack-package.ts'
import { readmeSnippet } from '../readme-snippet.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
const manifest: { devDependencies: Record<string, string> } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
)
const peers = [
  'xstate',
  'h3',
  'jose',
  '@clerk/backend',
  'react',
  'react-dom',
  '@xstate/react',
  '@clerk/react',
  '@clerk/clerk-react',
  'redis',
  'vue',
  'solid-js',
]
const tools = ['typescript', '@types/node', '@types/react']

/** Reads the README's table of entry points, with the packages that each needs besides XState. */
function entryPoints(): [name: string, needs: string[]][] {
  const rows = readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^\| `(authchart[\w/-]*)` \|[^|]*\|([^|]*)\|$/gm)
  return [...rows].map(([, name = '', needs = '']) => [name, needs.split('(')[0]?.match(/[@\w/-]+/g) ?? []])
}

describe('the packed package, installed with its peers into an empty project', () => {
  let project: string
  let server: ChildProcess | undefined
  let clerk: Awaited<ReturnType<typeof createClerkEmulator>> | undefined

  beforeAll(async () => {
    project = mkdtempSync(join(tmpdir(), 'authchart-consumer-'))
    const tarball = await packPackage(project, { isBuilt: true })
    const versions = [...peers, ...tools].map((name) => `${name}@${manifest.devDependencies[name]}`)
    writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }')
    const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund']
    await run('npm', ['install', ...flags, tarball, ...versions], { cwd: project })
    for (const name of ['server.ts', 'embed.ts', 'app.tsx']) writeFileSync(join(project, name), readmeSnippet(name))
    const compilerOptions = {
      target: 'ES2022',
      module: 'NodeNext',
      jsx: 'react-jsx',
      strict: true,
      types: ['node'],
      skipLibCheck: false,
      outDir: 'out',
    }
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['server.ts', 'embed.ts', 'app.tsx'] }),
    )
  }, 300_000)

  afterAll(async () => {
    server?.kill()
    await clerk?.close()
    rmSync(project, { recursive: true, force: true })
  })

  it('type-checks the snippets of the README, and the declarations they reach', async () => {
    const tsc = run(join(project, 'node_modules/.bin/tsc'), ['-p', '.', '--pretty', 'false'], { cwd: project })
    const { stdout } = await tsc.catch((error: unknown) => error as { stdout: string })
    // Declarations of other packages have errors of their own. `skipLibCheck` would hide them together with ours.
    const ours = stdout.split('\n').filter((line) => /^(node_modules\/authchart\/|[\w.]+\()/.test(line))
    expect(ours).toEqual([])
  }, 120_000)

  it.each(entryPoints())('loads %s with only the packages that the README names for it', async (name, needs) => {
    const modules = join(mkdtempSync(join(project, 'alone-')), 'node_modules')
    cpSync(join(project, 'node_modules/authchart'), join(modules, 'authchart'), { recursive: true })
    for (const peer of ['xstate', ...needs]) {
      mkdirSync(dirname(join(modules, peer)), { recursive: true })
      symlinkSync(join(project, 'node_modules', peer), join(modules, peer))
    }
    const load = `import('${name}').then((module) => console.log(Object.keys(module).length))`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', load], { cwd: dirname(modules) })
    expect(Number(stdout)).toBeGreaterThan(0)
  })

  it('runs the server snippet: a token signs in, and the guarded route knows the user', async () => {
    clerk = await createClerkEmulator()
    const user = clerk.addUser({ email: 'ada@example.test', password: 'correct horse' })
    const port = await freePort()
    server = spawn(process.execPath, ['out/server.js'], {
      cwd: project,
      env: {
        ...process.env,
        PORT: String(port),
        CLERK_SECRET_KEY: clerk.secretKey,
        CLERK_PUBLISHABLE_KEY: clerk.publishableKey,
        CLERK_API_URL: clerk.apiUrl,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const printed: string[] = []
    server.stderr?.on('data', (data: Buffer) => printed.push(data.toString()))
    server.stdout?.on('data', (data: Buffer) => printed.push(data.toString()))
    const base = `http://localhost:${port}`
    while ((await fetch(`${base}/auth/session`).catch(() => null))?.ok !== true) {
      if (server.exitCode !== null) throw new Error(`the server snippet ended:\n${printed.join('')}`)
    }

    const token = clerk.mintToken({ session: clerk.createSession(user), azp: 'http://localhost:3000' })
    const answer = await fetch(`${base}/auth/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: base },
      body: JSON.stringify({ type: 'token.received', token }),
    })
    expect(await answer.json()).toMatchObject({ state: 'signedIn', userId: user.id })
    const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const me = await fetch(`${base}/api/me`, { headers: { cookie } })
    expect(await me.json()).toEqual({ userId: user.id, orgId: null })
    expect((await fetch(`${base}/api/me`)).status).toBe(401)
    expect(printed.join('')).not.toContain(token)
  }, 60_000)
})
