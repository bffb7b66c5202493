import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createServer } from 'vite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { findChromium, launchBrowser } from '../e2e/browser.ts'
import { freePort } from '../free-port.ts'
import { sourceAliases } from '../vitest.config.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const example = `${root}docs/examples/getting-started`
const page = readFileSync(`${root}docs/getting-started.md`, 'utf8')
/** The file of the page that holds where Clerk is. */
const settings = page.match(/`\.env\.local`.*?```sh\n(.*?)```/s)?.[1] ?? ''

/** Starts the server as the page says, on a port of its own, and resolves once it answers. */
async function startServer(): Promise<{ readonly port: number; readonly printed: () => string }> {
  const port = await freePort()
  const child = spawn(process.execPath, ['--import', 'tsx', `${example}/server.ts`], {
    cwd: root,
    env: { ...process.env, PORT: String(port), TSX_TSCONFIG_PATH: 'test/tsconfig.json' },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let printed = ''
  child.stderr.on('data', (data: Buffer) => void (printed += data))
  child.stdout.on('data', (data: Buffer) => void (printed += data))
  while ((await fetch(`http://localhost:${port}/auth/session`).catch(() => null))?.ok !== true) {
    if (child.exitCode !== null) throw new Error(`the server ended:\n${printed}`)
  }
  return { port, printed: () => printed }
}

/** Serves the page by the example's own configuration of Vite, from a project like the one that create-vite makes. */
async function startVite(server: number): Promise<number> {
  const project = mkdtempSync(join(tmpdir(), 'authchart-start-'))
  onTestFinished(() => rmSync(project, { recursive: true, force: true }))
  cpSync(`${example}/src`, `${project}/src`, { recursive: true })
  symlinkSync(`${root}node_modules`, `${project}/node_modules`)
  writeFileSync(`${project}/.env.local`, settings)
  writeFileSync(`${project}/index.html`, '<div id="root"></div><script type="module" src="/src/main.tsx"></script>')
  const target = `http://localhost:${server}`
  const port = await freePort()
  const vite = await createServer({
    configFile: `${example}/vite.config.ts`,
    root: project,
    cacheDir: `${project}/.vite`,
    logLevel: 'error',
    resolve: { alias: sourceAliases },
    server: {
      host: '127.0.0.1',
      port,
      fs: { strict: false },
      proxy: { '/auth': target, '/api': target, '/clerk': target },
    },
  })
  await vite.listen()
  onTestFinished(() => vite.close())
  return port
}

describe.runIf(findChromium())('the app of docs/getting-started.md', () => {
  it('signs in at the emulator, is known to the server, and signs out', async () => {
    const server = await startServer()
    const vite = await startVite(server.port)
    // The page has the origin that the files name, whatever port Vite has here.
    const browser = await launchBrowser({ args: [`--host-resolver-rules=MAP localhost:5173 127.0.0.1:${vite}`] })
    onTestFinished(() => browser.close())
    const tab = await browser.newPage()
    await tab.goto('http://localhost:5173')
    await tab.fill('input[name=identifier]', 'ada@example.test')
    await tab.keyboard.press('Enter')
    await tab.fill('input[name=password]', 'difference-engine')
    await tab.keyboard.press('Enter')
    await tab.getByText('The server knows you as user_').waitFor()
    const askMe = () => tab.evaluate(() => fetch('/api/me').then((answer) => answer.status))
    expect(await askMe()).toBe(200)
    expect(server.printed()).toMatch(/null → user_\w+ token/)

    await tab.getByText('Sign out').click()
    await tab.waitForSelector('input[name=identifier]')
    expect(await askMe()).toBe(401)
  }, 120_000)
})
