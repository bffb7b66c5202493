import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { startWithClerk } from '../h3/clerk-harness.ts'
import { listenOnLoopback } from '../kit/clerk-emulator/loopback-server.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Runs the command as `npx authchart` does, from its source. */
async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'adapters/doctor/cli.ts', ...args], {
    cwd: root,
    env: { ...process.env, ...env },
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => void (printed += data))
  const [code] = (await once(child, 'close')) as [number]
  return { code, printed, lines: printed.trimEnd().split('\n') }
}

it('ends with 0 where nothing is wrong, and prints one line for each finding and no token', async () => {
  const { server, mint } = await startWithClerk()
  const token = mint()
  const args = ['doctor', server.url, '--quick', '--token-env', 'A_TOKEN']
  const { code, printed, lines } = await run(args, { A_TOKEN: token })
  expect(printed).toContain('ok    token')
  expect(code).toBe(0)
  expect(lines.slice(0, -2).filter((line) => !/^(?:ok {2}|note) {2}[a-z]+ +\S.*[.!?]$/.test(line))).toEqual([])
  expect(printed).not.toContain(token)
})

it('ends with 1 after a failure, which has a code, a remedy and a page', async () => {
  const { code, lines } = await run(['doctor', 'http://127.0.0.1:1'])
  expect(code).toBe(1)
  expect(lines[0]).toMatch(/^FAIL {2}network-failed +http:\/\/127\.0\.0\.1:1 .*ECONNREFUSED\. Start .* See docs\/.*\.$/)
})

it('prints nothing that a hostile server says but printable characters, and no secret', async () => {
  const secret = 'eyJsecret.secret.secret'
  const body = JSON.stringify({ code: `x\u001B[2J`, detail: `\u001B]0;owned\u0007${secret}\nok    token  forged` })
  const server = await listenOnLoopback(
    (_, response) => void response.writeHead(401, { 'content-type': 'application/problem+json' }).end(body),
    'localhost',
    0,
  )
  onTestFinished(() => server.close())
  const url = `http://me:hunter2@localhost:${server.port}`
  const { code, printed, lines } = await run(['doctor', url, '--token-env', 'A_TOKEN'], { A_TOKEN: secret })
  expect(code).toBe(1)
  expect(lines.filter((line) => line !== '')).toHaveLength(2)
  // oxlint-disable-next-line no-control-regex
  expect(printed).not.toMatch(/[\u0000-\u0009\u000B-\u001F]|eyJsecret|hunter2/)
})

it.each([
  [[], /`doctor` and one URL/],
  [['doctor', 'app.example.com'], /<url> is not an http or https URL/],
  [['doctor', 'https://a.example.com', '--base-path', 'auth'], /--base-path is a path such as \/auth/],
  [['doctor', 'https://a.example.com', '--token-env', 'NOT_SET'], /NOT_SET is not set/],
  [['doctor', 'https://a.example.com', '--tokn', 'x'], /Unknown option '--tokn'/],
])('ends with 2 and the usage after %j', async (args, message) => {
  const { code, printed } = await run(args)
  expect(code).toBe(2)
  expect(printed).toMatch(message)
  expect(printed).toContain('Usage: authchart doctor <url>')
})

it('prints its usage with --help', async () => {
  const { code, printed } = await run(['--help'])
  expect([code, printed.startsWith('Usage: authchart doctor')]).toEqual([0, true])
})
