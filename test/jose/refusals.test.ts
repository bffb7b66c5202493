import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTokenVerifier, type ClaimsOptions, type TokenVerifierOptions } from '../../adapters/jose/index.ts'
import type { AuthError } from '../../machines/index.ts'
import { foreignKey, issuer, jwks, mint, nowMs, nowSeconds, party } from './token-factory.ts'

interface Line {
  readonly level: string
  readonly code: string
  readonly details: Readonly<Record<string, unknown>>
}

function open(claims: ClaimsOptions = {}, options: Partial<TokenVerifierOptions> = {}) {
  const lines: Line[] = []
  const log = (level: string) => (code: string, details?: object) =>
    void lines.push({ level, code, details: { ...details } })
  const logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
  const verify = createTokenVerifier({
    keys: { jwks },
    claims: { issuer, authorizedParties: [party], ...claims },
    clock: () => nowMs,
    logger,
    ...options,
  })
  return {
    refuse: (token: unknown): Promise<AuthError> =>
      verify(token).then(
        () => Promise.reject(new Error('the token was accepted')),
        (error: AuthError) => error,
      ),
    verify,
    lines,
    refused: () => lines.filter(({ code }) => code === 'token.refused'),
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

const other = 'https://other.example.test'
const azpRemedy = 'list the origin of the page in claims.authorizedParties'
const issRemedy = 'set claims.issuer, or check that CLERK_PUBLISHABLE_KEY is of the same Clerk instance'
const audRemedy = 'list it in claims.audience'

describe('a claim that is not allowed', () => {
  it.each<[string, Record<string, unknown>, ClaimsOptions, string, object]>([
    [
      'azp',
      { azp: other },
      {},
      `The claim azp of the token is not allowed: ${azpRemedy}`,
      { found: other, expected: [party] },
    ],
    [
      'iss',
      { iss: other },
      {},
      `The claim iss of the token is not allowed: ${issRemedy}`,
      { found: other, expected: [issuer] },
    ],
    [
      'aud',
      { aud: ['web', 'ios'] },
      { audience: ['api', 'admin'] },
      `The claim aud of the token is not allowed: ${audRemedy}`,
      { found: '[web, ios]', expected: ['api', 'admin'] },
    ],
    ['azp', { azp: 7 }, {}, `The claim azp of the token is not allowed: ${azpRemedy}`, { found: 'a number' }],
  ])(
    '%s: the error names it and the option that mends it, and the log both values',
    async (claim, claims, options, message, facts) => {
      vi.stubEnv('NODE_ENV', 'production')
      const { refuse, refused } = open(options)
      const error = await refuse(mint({ claims }))
      expect(error).toMatchObject({ code: 'token-claims', message, refusal: { claim, ...facts } })
      expect(refused()).toMatchObject([{ level: 'warn', details: { code: 'token-claims', claim, ...facts } }])
    },
  )

  it.each<[string, Record<string, unknown>, ClaimsOptions, string]>([
    ['azp', { azp: undefined }, {}, 'a fresh token has it'],
    ['iss', { iss: undefined }, {}, 'it is not a token of Clerk'],
    ['aud', {}, { audience: 'api' }, 'leave claims.audience out'],
    ['email', {}, { requiredClaims: ['email'] }, 'claims.requiredClaims asks for it'],
  ])('%s: a missing claim is distinguished from a wrong one', async (claim, claims, options, remedy) => {
    const { refuse, refused } = open(options)
    const { message } = await refuse(mint({ claims }))
    expect(message).toContain(`The claim ${claim} of the token is missing`)
    expect(message).toContain(remedy)
    expect(refused()[0]).toMatchObject({ level: 'warn', details: { claim } })
    expect(refused()[0]?.details).not.toHaveProperty('found')
  })

  it('is shown with what is allowed outside production, and never in production', async () => {
    const token = mint({ claims: { azp: other } })
    const inDevelopment = await open().refuse(token)
    expect(inDevelopment.message).toBe(
      `The claim azp of the token is not allowed: ${azpRemedy} (found ${other}; expected ${party})`,
    )
    vi.stubEnv('NODE_ENV', 'production')
    expect((await open().refuse(token)).message).not.toContain('example')
  })

  it.each(['sub', 'sid', 'sts', 'exp', 'nbf', 'o', 'org_id', 'act'])(
    'of another kind, such as %s, shows no value anywhere',
    async (claim) => {
      const { refuse, lines } = open()
      const value = { hidden: 'hidden-value' }
      const error = await refuse(mint({ claims: { [claim]: claim === 'o' ? 'hidden-value' : value } }))
      expect(error.refusal?.claim).toBe(claim)
      expect(JSON.stringify([error, error.message, error.refusal, lines])).not.toContain('hidden')
    },
  )

  it('is cut and escaped, so that it stays one short line wherever it is shown', async () => {
    const azp = `https://e.example/\r\n\u2028\u202e\u0000[31m\\${'x'.repeat(5_000)}`
    const { refuse, refused } = open()
    const { message } = await refuse(mint({ claims: { azp } }))
    const found = String(refused()[0]?.details['found'])
    for (const text of [message, found]) {
      expect(text).toMatch(/^[ -~…]+$/)
      expect(text.length).toBeLessThan(450)
    }
    expect(found).toContain('\\u000d\\u000a\\u2028\\u202e\\u0000')
  })

  it('of many allowed ones shows a few', async () => {
    const authorizedParties = Array.from({ length: 50 }, (_, index) => `https://app-${index}.example.test`)
    const { refuse, refused } = open({ authorizedParties })
    const { message } = await refuse(mint())
    expect(message).toContain('app-3.example.test or 46 others')
    expect(refused()[0]?.details['expected']).toHaveLength(5)
  })

  it("is named in the log as one that the app's own rule refused", async () => {
    const { refuse, refused } = open({ validate: () => false })
    await refuse(mint())
    expect(refused()).toMatchObject([{ level: 'warn', details: { remedy: 'claims.validate refused them' } }])
  })
})

describe('a key of another Clerk instance', () => {
  it('is named in the log, with what to check', async () => {
    const { refuse, refused } = open()
    const error = await refuse(mint({ key: foreignKey, header: { kid: 'ins_foreign' } }))
    expect(error.code).toBe('key-not-found')
    expect(error.message).toContain('check CLERK_SECRET_KEY and CLERK_PUBLISHABLE_KEY')
    expect(error.message).not.toContain('ins_foreign')
    expect(refused()).toMatchObject([{ level: 'warn', details: { claim: 'kid', kid: 'ins_foreign' } }])
  })

  it('with the same id is recognised by its signature', async () => {
    const { refuse, refused } = open()
    await refuse(mint({ key: foreignKey }))
    expect(refused()).toMatchObject([
      {
        level: 'warn',
        details: { code: 'token-signature', kid: 'ins_2abc', remedy: expect.stringContaining('CLERK_JWT_KEY') },
      },
    ])
  })

  it('cannot break the line that names it', async () => {
    const { refuse, refused } = open()
    await refuse(mint({ header: { kid: `x\n\u2028${'k'.repeat(200)}` } }))
    expect(refused()[0]?.details['kid']).toMatch(/^x\\u000a\\u2028k+…$/)
  })
})

describe('the log of refusals', () => {
  const minute = 60_000
  const wrongAzp = () => mint({ claims: { azp: other, jti: String(performance.now()) } })

  it('has one line a minute for a code and claim, which counts those before it, and one warning an hour', async () => {
    const { refuse, refused } = open()
    for (let each = 0; each < 100; each += 1) await refuse(wrongAzp())
    expect(refused().map(({ level, details }) => [level, details['unsaid']])).toEqual([['warn', undefined]])
    vi.advanceTimersByTime(minute)
    await refuse(wrongAzp())
    expect(refused().at(-1)).toMatchObject({ level: 'info', details: { claim: 'azp', unsaid: 99 } })
    for (let minutes = 0; minutes < 120; minutes += 1) {
      vi.advanceTimersByTime(minute)
      for (let each = 0; each < 10; each += 1) await refuse(wrongAzp())
    }
    expect(refused()).toHaveLength(122)
    expect(refused().filter(({ level }) => level === 'warn')).toHaveLength(3)
  })

  it('distinguishes claims and codes', async () => {
    const { refuse, refused } = open()
    const tokens = [{ azp: other }, { iss: other }, { sub: '' }, { exp: 1 }, { azp: other }].map((claims) =>
      mint({ claims }),
    )
    for (const token of [...tokens, mint({ header: { cat: 'cl_B7d4PD222AAA' } })]) await refuse(token)
    expect(refused().map(({ level, details: { code, claim } }) => [level, code, claim])).toEqual([
      ['warn', 'token-claims', 'azp'],
      ['warn', 'token-claims', 'iss'],
      ['warn', 'token-claims', 'sub'],
      ['info', 'token-expired', 'exp'],
      ['warn', 'token-type', 'cat'],
    ])
  })

  it('cannot be flooded: 2,000 pieces of junk leave a few lines, none of them a warning', async () => {
    const { refuse, lines } = open()
    const junk = [
      (n: number) => `junk-${n}`,
      (n: number) => `${n}.${n}.${n}`,
      (n: number) => 'x'.repeat(9_000 + n),
      () => mint({ header: { alg: 'none' } }),
      () => mint({ header: { kid: undefined } }),
    ]
    for (let each = 0; each < 2_000; each += 1) await refuse(junk[each % junk.length]!(each))
    expect(lines.filter(({ level }) => level !== 'debug')).toEqual([])
    expect(lines.length).toBeLessThanOrEqual(junk.length)
  })

  it('has no part of a token', async () => {
    const { refuse, lines } = open()
    const tokens = [
      wrongAzp(),
      mint({ key: foreignKey }),
      mint({ claims: { exp: nowSeconds - 900 } }),
      mint({ header: { typ: 'x' } }),
    ]
    for (const token of tokens) await refuse(token)
    expect(lines).toHaveLength(4)
    const text = JSON.stringify(lines)
    for (const segment of tokens.flatMap((token) => token.split('.'))) expect(text).not.toContain(segment.slice(0, 16))
    expect(text).not.toMatch(/user_|sess_/)
  })

  it('says that a token was accepted, for those who debug', async () => {
    const { verify, lines } = open()
    await verify(mint())
    expect(lines).toEqual([{ level: 'debug', code: 'token.accepted', details: {} }])
  })

  it('says nothing of an outage, which the key source reports', async () => {
    const { refuse, lines } = open({}, { keys: { fetchJwks: () => Promise.reject(new Error('down')) } })
    expect((await refuse(mint())).code).toBe('keys-unavailable')
    expect(lines.map(({ code }) => code)).toEqual(['keys.failed', 'keys.undecided'])
  })
})
