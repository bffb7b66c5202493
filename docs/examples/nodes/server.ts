/** Two nodes behind nginx, with their sessions in Redis. This script starts all of it on one machine. */
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProgram } from '../shared/programs.ts'
import { findFreePort } from '../shared/redis.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const nginx = findProgram('nginx', '`apt-get install nginx-light` or `brew install nginx`.')
const port = process.env['PORT'] ?? '3000'
const folder = await mkdtemp(join(tmpdir(), 'authchart-nginx-'))

const nodes = await Promise.all(
  ['a', 'b'].map(async (name) => {
    const nodePort = String(await findFreePort())
    const env = { ...process.env, NODE_NAME: name, NODE_PORT: nodePort, ORIGIN: `http://localhost:${port}` }
    const node = spawn(process.execPath, [...process.execArgv, `${here}node.ts`], { env, stdio: 'inherit' })
    return { node, address: `127.0.0.1:${nodePort}` }
  }),
)

const values: Record<string, string> = {
  PORT: port,
  FOLDER: folder,
  NODES: nodes.map(({ address }) => `server ${address};`).join(' '),
}
const template = await readFile(`${here}nginx.conf`, 'utf8')
const config = template.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? '')
await mkdir(join(folder, 'temp'))
await writeFile(join(folder, 'nginx.conf'), config)
const proxy = spawn(nginx, ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')], { stdio: 'inherit' })

async function end(): Promise<void> {
  const children = [...nodes.map(({ node }) => node), proxy]
  const isRunning = (child: typeof proxy) => child.exitCode === null && child.signalCode === null
  const exits = children.filter(isRunning).map((child) => new Promise((resolve) => child.once('exit', resolve)))
  for (const child of children) child.kill('SIGTERM')
  await Promise.all(exits)
  await rm(folder, { recursive: true, force: true })
  process.exit()
}
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => void end())
