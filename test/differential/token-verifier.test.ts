import { readFileSync } from 'node:fs'
import { verifyToken } from '@clerk/backend'
import { TokenVerificationError } from '@clerk/backend/errors'
import * as fc from 'fast-check'
import { expect, it, onTestFinished, vi } from 'vitest'
import type { AuthErrorCode, VerifiedSession } from '../../machines/index.ts'
import { signingKey, toPem } from '../jose/token-factory.ts'
import { differences, type Difference } from './differences.ts'
import { generatedCase, toToken, type GeneratedCase, type VerifierOptions } from './generated-token.ts'
import { createJudge, type Verdict } from './judge.ts'
import { readLeniently } from './read-leniently.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
const cases = Number(process.env['CASES'] ?? 4_000)
const jwtKey = toPem(signingKey)

const judge = createJudge({ keys: { jwtKey } })

async function judgeByClerk(token: unknown, options: VerifierOptions): Promise<Verdict<object>> {
  const { clockTolerance, ...parties } = options
  try {
    return {
      accepted: await verifyToken(token as string, { jwtKey, clockSkewInMs: clockTolerance * 1_000, ...parties }),
    }
  } catch (error) {
    return { refusal: error instanceof TokenVerificationError ? error.reason : 'untyped' }
  }
}

/** The reasons in Clerk's errors for a token with a single fault, by our code. */
const sameRefusals: Partial<Record<AuthErrorCode, readonly string[]>> = {
  'token-malformed': [
    'token-invalid',
    'token-invalid-algorithm',
    'token-invalid-signature',
    // Clerk treats a payload that is not an object as one without `sub`, and throws a TypeError for null.
    'token-verification-failed',
    'untyped',
  ],
  'token-too-large': [],
  'token-algorithm': ['token-invalid-algorithm', 'token-verification-failed'],
  'token-signature': ['token-invalid-signature'],
  'token-type': ['token-invalid'],
  'token-claims': [
    'token-verification-failed',
    'token-invalid-issuer',
    'token-invalid-authorized-parties',
    // Clerk accepts a negative `exp` as a date.
    'token-expired',
  ],
  'token-expired': ['token-expired'],
  'token-not-active': ['token-not-active-yet', 'token-iat-in-the-future'],
}

function isOfClass({ authchart, verifyToken }: Difference, ours: Verdict<VerifiedSession>, clerk: Verdict<object>) {
  const status = ours.accepted?.status === 'pending' ? ['pending', 'accepted'] : ['accepted']
  const says: (string | undefined)[] = ours.accepted ? status : [ours.refusal]
  return says.includes(authchart) && verifyToken === (clerk.refusal ?? 'accepted')
}

type Outcome = Difference | 'both accept' | 'both refuse'

/**
 * Tells if no token of a class may be accepted. A class of tokens with fractional dates is not strict, because the
 * clock decides about them.
 */
const isAlwaysStrict = ({ authchart, verifyToken }: Difference) =>
  verifyToken === 'accepted' && authchart !== 'token-not-active'

/**
 * Compares the two verifiers.
 *
 * @returns how they agree or differ on a case
 * @throws Error if they differ in a way that has no name
 */
async function compare(generated: GeneratedCase): Promise<Outcome> {
  const { options, changes, now } = generated
  vi.setSystemTime(now)
  const token = toToken(generated)
  const [ours, clerk] = await Promise.all([judge(token, options), judgeByClerk(token, options)])
  const reading = readLeniently(token, options)
  const isOf = (row: Difference) => reading !== null && row.applies(reading)

  // A token that a row calls refused or pending is never accepted, whatever Clerk says.
  const ignored =
    ours.accepted?.status === 'active' ? differences.find((row) => isAlwaysStrict(row) && isOf(row)) : null
  expect(ignored?.token).toBeUndefined()

  const isSame = Boolean(ours.accepted) === Boolean(clerk.accepted) && ours.accepted?.status !== 'pending'
  if (!isSame) {
    const named = differences.find((row) => isOfClass(row, ours, clerk) && isOf(row))
    if (named) return named
    throw new Error(`no class for ${ours.refusal ?? ours.accepted?.status} against ${clerk.refusal ?? 'accepted'}`)
  }
  if (ours.accepted) requireSameClaims(ours.accepted, clerk.accepted)
  else if (changes.length === 1) requireSameReason(ours.refusal, clerk.refusal)
  return ours.accepted ? 'both accept' : 'both refuse'
}

function requireSameClaims({ claims, userId, sessionId }: VerifiedSession, payload: object | undefined) {
  expect({ ...claims, userId, sessionId }).toEqual({ ...payload, userId: claims.sub, sessionId: claims.sid })
}

function requireSameReason(refusal: string | undefined, reason: string | undefined) {
  expect(sameRefusals[refusal as AuthErrorCode], refusal).toContain(reason)
}

it(`differs from Clerk's verifyToken only in named ways, ${cases} generated tokens`, async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const seen = new Map<Outcome, number>()
  const property = fc.asyncProperty(generatedCase, async (generated) => {
    const outcome = await compare(generated)
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
  })
  await fc.assert(property, { seed, numRuns: cases })

  const toLine = ([outcome, times]: [Outcome, number]) =>
    `${String(times).padStart(6)}  ${typeof outcome === 'string' ? outcome : outcome.token}`
  const lines = [...seen].toSorted(([, a], [, b]) => b - a).map(toLine)
  console.info([`differential: SEED=${seed} CASES=${cases}`, ...lines].join('\n'))
  expect(differences.filter((row) => !seen.has(row)).map(({ token }) => token)).toEqual([])
  expect(Math.min(seen.get('both accept') ?? 0, seen.get('both refuse') ?? 0)).toBeGreaterThan(cases / 20)
}, 120_000)

it('docs/verification.md shows the same classes', () => {
  const page = readFileSync(new URL('../../docs/verification.md', import.meta.url), 'utf8')
  const show = (verdict: string) => (/accepted|pending/.test(verdict) ? verdict : `\`${verdict}\``)
  const rows = differences.map(
    ({ token, authchart, verifyToken, reason }) =>
      `| ${token} | ${show(authchart)} | ${show(verifyToken)} | ${reason} |`,
  )
  const start = page.indexOf('| a token that is, or has |')
  const shown = page.slice(start).trim().split('\n\n', 1)[0]?.split('\n').slice(2)
  expect(shown).toEqual(rows)
})
