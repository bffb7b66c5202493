import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { signer } from '../h3/harness.ts'
import { createKeyEndpoint, json } from '../jose/key-endpoint.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

it('plain-node: tokens in, states out, the reason at the end, and the process ends by itself', async () => {
  const endpoint = await createKeyEndpoint(json(signer.jwks))
  onTestFinished(() => endpoint.close())
  const child = spawn(process.execPath, ['--import', 'tsx', 'docs/examples/plain-node/whoami.ts'], {
    cwd: root,
    // This resolves the package's public names to its sources.
    env: { ...process.env, JWKS_URL: endpoint.url, TSX_TSCONFIG_PATH: 'test/tsconfig.json' },
  })
  onTestFinished(() => void child.kill())
  const errors: string[] = []
  child.stderr.on('data', (data: Buffer) => errors.push(data.toString()))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const tell = async (line: string) => {
    child.stdin.write(`${line}\n`)
    return (await lines.next()).value as string | undefined
  }
  expect(await tell(signer.mint())).toBe('signedIn user_a')
  expect(await tell('junk')).toBe('signedIn user_a token-malformed')
  expect(await tell('')).toBe('signedOut')
  expect(await tell('a.b.c')).toBe('signedOut token-malformed')
  child.stdin.end()
  expect((await lines.next()).value).toMatch(/^Signed out\. The token is not a compact JWS\./)
  const [code] = (await once(child, 'exit')) as [number]
  expect([code, errors.join('').replaceAll(/^.*claims\.\w+\.unset.*\n/gm, '')]).toEqual([0, ''])
})
