import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { build } from 'vite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { generatedCase, toToken, type VerifierOptions } from '../differential/generated-token.ts'
import { createJudge } from '../differential/judge.ts'
import { findChromium, launchBrowser } from '../e2e/browser.ts'
import { createSigningKey, jwks, mint, nowMs, signingKey, toJwk, toPem } from './token-factory.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)

interface ShownToken {
  readonly token: unknown
  readonly claims: VerifierOptions
  readonly now: number
}
type Jose = typeof import('../../adapters/jose/index.ts')

/** Bundles `authchart/jose` and its dependencies into one script for a page. The build fails if they need Node. */
async function bundleForBrowsers(): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: false,
      lib: {
        entry: fileURLToPath(new URL('../../adapters/jose/index.ts', import.meta.url)),
        formats: ['iife'],
        name: 'authchartJose',
      },
    },
  })
  const [script] = [result].flat().flatMap((each) => ('output' in each ? each.output : []))
  if (script?.type !== 'chunk') throw new Error('Vite made no script')
  return script.code
}

async function openPage() {
  const [browser, script] = await Promise.all([launchBrowser(), bundleForBrowsers()])
  onTestFinished(() => browser.close())
  const page = await browser.newPage()
  // WebCrypto exists only in a secure context, and localhost is one.
  await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }))
  await page.goto('http://localhost/')
  await page.addScriptTag({ content: script })
  return page
}

describe.runIf(findChromium())('authchart/jose in a runtime without node:crypto, process and Buffer', () => {
  it('judges 600 generated tokens as it does on Node, with a key set and with a PEM key', async () => {
    const shown = fc
      .sample(generatedCase, { seed, numRuns: 600 })
      .map((generated) => ({ token: toToken(generated), claims: generated.options, now: generated.now }))
      // Only these tokens can be passed to a page unchanged.
      .filter(({ token }) => typeof token !== 'object' || token === null || Array.isArray(token))
    console.info(`portable: SEED=${seed} repeats this run`)
    let now = 0
    const judge = createJudge({ keys: { jwks }, clock: () => now })
    const judgeWithPem = createJudge({ keys: { jwtKey: toPem(signingKey) }, clock: () => now })
    const expected: string[][] = []
    for (const each of shown) {
      now = each.now
      const verdicts = [await judge(each.token, each.claims), await judgeWithPem(each.token, each.claims)]
      expected.push(verdicts.map(({ accepted, refusal }) => refusal ?? JSON.stringify(accepted)))
    }

    const page = await openPage()
    expect(await page.evaluate(() => [typeof globalThis.process, typeof globalThis.Buffer])).toEqual([
      'undefined',
      'undefined',
    ])
    const verdicts = await page.evaluate(
      async ({ shown, jwks, jwtKey }) => {
        const { createTokenVerifier } = (globalThis as unknown as { authchartJose: Jose }).authchartJose
        const judgeOne = async ({ token, claims, now }: ShownToken, keys: { jwks: object } | { jwtKey: string }) => {
          const verify = createTokenVerifier({ keys: keys as never, claims, clock: () => now, logger: {} })
          return verify(token).then(
            (session) => JSON.stringify(session),
            (error: { code: string }) => error.code,
          )
        }
        const verdicts: string[][] = []
        for (const each of shown) verdicts.push([await judgeOne(each, { jwks }), await judgeOne(each, { jwtKey })])
        return verdicts
      },
      { shown, jwks, jwtKey: toPem(signingKey) },
    )
    expect(verdicts).toEqual(expected)
    expect(new Set(expected.flat().map((verdict) => verdict.slice(0, 6))).size).toBeGreaterThan(2)
  })

  it('drops the keys that Node drops, and says why in the same words', async () => {
    const keys = [
      toJwk(signingKey, { kid: 'good' }),
      toJwk(createSigningKey(1_024), { kid: 'weak' }),
      toJwk(createSigningKey(2_048, 3), { kid: 'e=3' }),
      toJwk(signingKey, { kid: 'enc', use: 'enc' }),
      toJwk(signingKey, { kid: 'n', n: 'not base64url!' }),
      { kty: 'oct', k: 'AA', kid: 'secret' },
      toJwk(signingKey, { kid: 'twice' }),
      toJwk(createSigningKey(), { kid: 'twice' }),
      toJwk(signingKey, { kid: 'alike' }),
      toJwk(signingKey, { kid: 'alike' }),
    ]
    const page = await openPage()
    const dropped = await page.evaluate((keys) => {
      const { createKeySource } = (globalThis as unknown as { authchartJose: Jose }).authchartJose
      const dropped: unknown[] = []
      createKeySource({ jwks: { keys } }, { logger: { warn: (_, details) => dropped.push(details) } })
      return dropped
    }, keys)
    expect(dropped).toEqual([
      { kid: 'weak', reason: 'weaker than 2048 bits' },
      { kid: 'e=3', reason: 'its public exponent is not 65537' },
      { kid: 'enc', reason: 'not for signatures' },
      { kid: 'n', reason: 'not a readable RSA key' },
      { kid: 'secret', reason: 'not an RSA key' },
      { kid: 'twice', reason: 'shares its key id with another key' },
    ])
  })

  it.each<[string, (n: Buffer) => string]>([
    ['with padding', (n) => `${n.toString('base64url')}==`],
    ['with a zero byte in front', (n) => Buffer.concat([Buffer.alloc(1), n]).toString('base64url')],
  ])('accepts a modulus that is written %s, as Node does', async (_, write) => {
    const jwk = toJwk(signingKey) as { n: string }
    const keys = [{ ...jwk, n: write(Buffer.from(jwk.n, 'base64url')) }]
    const page = await openPage()
    const userId = await page.evaluate(
      async ({ keys, token, now }) => {
        const { createTokenVerifier } = (globalThis as unknown as { authchartJose: Jose }).authchartJose
        const verify = createTokenVerifier({ keys: { jwks: { keys } }, clock: () => now, logger: {} })
        return (await verify(token)).userId
      },
      { keys, token: mint(), now: nowMs },
    )
    expect(userId).toBe('user_1')
  })
})
