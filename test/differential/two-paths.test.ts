import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { KeySource } from '../../adapters/jose/index.ts'
import type { VerifiedSession } from '../../machines/index.ts'
import { signingKey, toJwk, toPem } from '../jose/token-factory.ts'
import { generatedCase, toToken } from './generated-token.ts'
import { createJudge, type Verdict } from './judge.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
const cases = Number(process.env['CASES'] ?? 4_000)

/** Creates a source whose key is a JWK that only jose can use, as in a runtime without node:crypto. */
function createPortableKeys(): KeySource {
  const { n, e } = toJwk(signingKey)
  const key = Object.freeze({ kty: 'RSA', n, e })
  return { getKey: async () => key, subscribe: () => () => {}, close: () => {} }
}

let now = 0
const clock = () => now
const judgeByNode = createJudge({ keys: { jwtKey: toPem(signingKey) }, remember: 0, clock })
const judgeByJose = createJudge({ keys: createPortableKeys(), remember: 0, clock })
const judgeWithMemory = createJudge({ keys: { jwtKey: toPem(signingKey) }, clock })

const toOutcome = ({ accepted, refusal }: Verdict<VerifiedSession>) => accepted?.status ?? refusal ?? 'nothing'

it(`the signature checks of Node and jose give the same verdicts, ${cases} generated tokens`, async () => {
  const seen = new Map<string, number>()
  const property = fc.asyncProperty(generatedCase, async (generated) => {
    now = generated.now
    const token = toToken(generated)
    const byNode = await judgeByNode(token, generated.options)
    expect(await judgeByJose(token, generated.options)).toEqual(byNode)
    const outcome = toOutcome(byNode)
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
  })
  await fc.assert(property, { seed, numRuns: cases })

  const lines = [...seen]
    .toSorted(([, a], [, b]) => b - a)
    .map(([outcome, times]) => `${String(times).padStart(6)}  ${outcome}`)
  console.info([`two paths: SEED=${seed} CASES=${cases}`, ...lines].join('\n'))
  expect(seen.get('active') ?? 0).toBeGreaterThan(cases / 20)
  expect(seen.get('token-signature') ?? 0).toBeGreaterThan(cases / 100)
}, 120_000)

/** The ms by which the clock moves before a token is shown again. */
const moves = fc.array(
  fc.oneof(fc.constantFrom(0, -1, 1), fc.integer({ min: -200_000, max: 200_000 }), fc.constant(Number.NaN)),
  { minLength: 1, maxLength: 4 },
)

it(`a token that is sent again is judged as if it were new, at any time, ${cases / 4} generated tokens`, async () => {
  let changed = 0
  const property = fc.asyncProperty(generatedCase, moves, async (generated, moves) => {
    now = generated.now
    const token = toToken(generated)
    // The token is remembered the second time.
    await judgeWithMemory(token, generated.options)
    const first = toOutcome(await judgeWithMemory(token, generated.options))
    for (const move of moves) {
      now = generated.now + move
      const again = await judgeWithMemory(token, generated.options)
      expect(again).toEqual(await judgeByNode(token, generated.options))
      if (toOutcome(again) !== first) changed++
    }
  })
  await fc.assert(property, { seed, numRuns: Math.ceil(cases / 4) })
  expect(changed).toBeGreaterThan(cases / 40)
}, 120_000)
