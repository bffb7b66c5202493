import type { Profiler } from 'node:inspector'
import { Session } from 'node:inspector/promises'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { H3 } from 'h3'
import { onH3 } from '../h3/hosts.ts'
import { createSigner } from '../h3/session-tokens.ts'

/**
 * Counts the files and functions of the package that one renewal runs through: the POST of a fresh token for a
 * signed-in session with an open stream, in front of the memory store, until its answer and its frame have come. The
 * numbers say how much a reader has to open in order to follow a renewal.
 *
 * Run it with `npx tsx --tsconfig test/tsconfig.json test/house/renewal-path.ts`; add `--list` for the names.
 */
export interface RenewalPath {
  /** The functions that ran, by file. */
  readonly files: ReadonlyMap<string, readonly string[]>
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const origins = { iss: 'https://clerk.example.test', azp: 'https://app.example.test' }

export async function measureRenewal(): Promise<RenewalPath> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  // The package is loaded only now, because V8 counts the calls of code that is compiled after the start.
  const { createAuthServer } = await import('../../adapters/h3/auth-server.ts')
  const signer = createSigner()
  const auth = createAuthServer({
    keys: { jwks: signer.jwks },
    clerk: {},
    claims: { issuer: origins.iss, authorizedParties: origins.azp },
    logger: { debug() {}, info() {}, warn() {}, error: console.error },
  })
  const host = await onH3(new H3({ silent: true }).register(auth.plugin))
  const now = Math.floor(Date.now() / 1_000)
  let cookie = ''
  let seq = 0

  async function post(age: number) {
    const token = signer.mint({ ...origins, iat: now - age, nbf: now - age - 10, exp: now - age + 60 })
    const response = await fetch(`${host.url}/auth/events?connection=label`, {
      method: 'POST',
      // What a browser sends from a page of the server itself.
      headers: { 'content-type': 'application/json', origin: host.url, 'sec-fetch-site': 'same-origin', cookie },
      body: JSON.stringify({ type: 'token.received', token, tab: 'tab1', seq: (seq += 1) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(text)
    cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie
  }

  await post(30)
  const stream = await fetch(`${host.url}/auth/events?tab=tab1`, { headers: { cookie } })
  const reader = stream.body!.getReader()
  await reader.read()
  // The first renewal makes what later ones reuse, such as the timer of a proof.
  await Promise.all([reader.read(), post(20)])
  await session.post('Profiler.takePreciseCoverage')
  await Promise.all([reader.read(), post(10)])
  const { result } = await session.post('Profiler.takePreciseCoverage')
  session.disconnect()
  await reader.cancel()
  await auth.close({ timeout: 0 })
  await host.close()
  return { files: toFiles(result) }
}

function toFiles(scripts: readonly Profiler.ScriptCoverage[]): RenewalPath['files'] {
  const files = new Map<string, string[]>()
  for (const { url, functions } of scripts) {
    const file = url.startsWith('file:') ? relative(root, fileURLToPath(url.split('?')[0]!)) : ''
    if (!/^(?:adapters|machines)\//.test(file)) continue
    // The compiler of tsx adds `__name` in order to keep the names of functions.
    const names = functions
      .filter(({ ranges, functionName }) => ranges[0]!.count > 0 && functionName !== '__name')
      .map(({ functionName }) => functionName || '(anonymous)')
    if (names.length > 0) files.set(file, names)
  }
  return files
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { files } = await measureRenewal()
  const functions = [...files.values()].reduce((sum, names) => sum + names.length, 0)
  if (process.argv.includes('--list')) {
    for (const [file, names] of [...files].toSorted(([a], [b]) => a.localeCompare(b)))
      console.log(`${file} (${names.length}): ${names.join(' ')}`)
  }
  console.log(`${files.size} files, ${functions} functions`)
}
