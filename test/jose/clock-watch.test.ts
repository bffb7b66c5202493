import { describe, expect, it, onTestFinished } from 'vitest'
import { createTokenVerifier, type KeyOptions } from '../../adapters/jose/index.ts'
import type { AuthError } from '../../machines/index.ts'
import { createKeyEndpoint, json } from './key-endpoint.ts'
import { jwks, mint, nowMs, nowSeconds, signingKey, toPem } from './token-factory.ts'

const minute = 60_000

/**
 * Opens a verifier. Clerk's clock shows `nowMs` and moves with `time.passed`. The server's clock is `time.skew` ahead
 * of it.
 */
function open({ skew = 0, keys = { jwtKey: toPem(signingKey) }, clockTolerance = 60 }: OpenOptions = {}) {
  const time = { passed: 0, skew }
  const lines: (readonly [level: string, code: string, details: object | undefined])[] = []
  const log = (level: string) => (code: string, details?: object) => void lines.push([level, code, details])
  const verify = createTokenVerifier({
    keys: typeof keys === 'function' ? keys(() => nowMs + time.passed) : keys,
    claims: { clockTolerance },
    clock: () => nowMs + time.passed + time.skew,
    logger: { info: log('info'), warn: log('warn') },
  })
  /** Makes a token that Clerk minted `age` seconds ago. */
  const token = (age = 0) => {
    const iat = nowSeconds + Math.floor(time.passed / 1_000) - age
    return mint({ claims: { iat, nbf: iat - 10, exp: iat + 60 } })
  }
  const outcomeOf = (text: string, options?: { refresh: boolean }) =>
    verify(text, options).then(
      () => 'accepted',
      ({ message }: AuthError) => message,
    )
  return {
    time,
    verify,
    token,
    outcomeOf,
    lines: () => lines.filter(([, code]) => code.startsWith('clock.')),
  }
}
interface OpenOptions {
  skew?: number
  keys?: KeyOptions | ((clerkNow: () => number) => KeyOptions)
  clockTolerance?: number
}

/** Makes a key endpoint that sends the time of its own clock. */
const timed =
  ({ off = 0, took = 5 } = {}) =>
  (clerkNow: () => number): KeyOptions => ({
    fetchJwks: ({ onAnswer }) => {
      onAnswer?.({ date: Math.floor((clerkNow() + off) / 1_000) * 1_000, took })
      return Promise.resolve(jwks)
    },
  })

const skewed = (seconds: number, direction: 'ahead' | 'behind') => [
  'warn',
  'clock.skewed',
  { seconds, direction, remedy: expect.stringContaining('NTP') },
]

describe('a clock that is behind', () => {
  it('is reported after one token from the future, once', async () => {
    const { outcomeOf, token, lines } = open({ skew: -5 * minute })
    const refused = "The token is not active yet: the server's clock seems to be 300 s behind Clerk's"
    for (let each = 0; each < 5; each += 1) expect(await outcomeOf(token())).toBe(refused)
    expect(lines()).toEqual([skewed(300, 'behind')])
  })

  it('is reported before it refuses anything', async () => {
    const { outcomeOf, token, lines, verify } = open({ skew: -30_000 })
    expect(await outcomeOf(token())).toBe('accepted')
    expect(lines()).toEqual([skewed(30, 'behind')])
    expect(verify.readClock()).toEqual({ offset: -30_000, skew: -30_000 })
  })

  it('is reported again if it gets much worse, and not if a token was slow', async () => {
    const { time, outcomeOf, token, lines } = open({ skew: -5 * minute })
    const refused = "The token is not active yet: the server's clock seems to be 280 s behind Clerk's"
    for (const age of [20, 10, 0]) expect(await outcomeOf(token(age))).toBe(refused)
    expect(lines()).toEqual([skewed(280, 'behind')])
    time.skew = -20 * minute
    await outcomeOf(token())
    expect(lines()).toEqual([skewed(280, 'behind'), skewed(1_200, 'behind')])
  })
})

describe('a clock that is ahead', () => {
  it('is reported at the first token if the key endpoint gives the time', async () => {
    const { outcomeOf, token, lines } = open({ skew: 5 * minute, keys: timed() })
    const refused = "The token has expired: the server's clock seems to be 300 s ahead of Clerk's"
    for (let each = 0; each < 5; each += 1) expect(await outcomeOf(token())).toBe(refused)
    expect(lines()).toEqual([skewed(300, 'ahead')])
  })

  it('does not excuse a token that is old by Clerk’s clock too', async () => {
    const { outcomeOf, token } = open({ skew: 5 * minute, keys: timed() })
    expect(await outcomeOf(token(200))).toBe('The token has expired')
  })

  it('is reported after several fresh tokens expired on the way, if nothing else gives the time', async () => {
    const { time, outcomeOf, token, lines } = open({ skew: 5 * minute })
    for (const _ of [1, 2]) {
      expect(await outcomeOf(token())).toBe('The token has expired')
      time.passed += 10_000
    }
    expect(lines()).toEqual([])
    expect(await outcomeOf(token())).toContain("the server's clock seems to be 300 s ahead of Clerk's")
    expect(lines()).toEqual([skewed(300, 'ahead')])
  })
})

describe('a clock that is right is not blamed', () => {
  const everyKind: [string, OpenOptions][] = [
    ['without network', {}],
    ['with an endpoint that tells the time', { keys: timed() }],
  ]

  it.each(everyKind)('for one old token that is sent again and again, %s', async (_, options) => {
    const { time, outcomeOf, token, lines } = open(options)
    const old = token(600)
    for (let each = 0; each < 50; each += 1) {
      expect(await outcomeOf(old)).toBe('The token has expired')
      time.passed += 1_000
    }
    expect(lines()).toEqual([])
  })

  it.each(everyKind)('for several old tokens together with a fresh one, %s', async (_, options) => {
    const { outcomeOf, token, lines } = open(options)
    expect(await outcomeOf(token())).toBe('accepted')
    for (let age = 150; age < 250; age += 10) expect(await outcomeOf(token(age))).toBe('The token has expired')
    expect(lines()).toEqual([])
  })

  it('for several old tokens, if the key endpoint gives the time', async () => {
    const { outcomeOf, token, lines } = open({ keys: timed() })
    for (let age = 150; age < 250; age += 10) expect(await outcomeOf(token(age))).toBe('The token has expired')
    expect(lines()).toEqual([])
  })

  it('for old cookies of page loads', async () => {
    const { outcomeOf, token, lines } = open()
    for (let age = 150; age < 200; age += 5) {
      expect(await outcomeOf(token(age), { refresh: false })).toBe('The token has expired')
    }
    expect(lines()).toEqual([])
  })

  it('for late tokens, and a slow answer', async () => {
    const { outcomeOf, token, lines } = open({ keys: timed({ off: -25_000, took: 25_000 }) })
    for (const age of [40, 50, 59]) expect(await outcomeOf(token(age))).toBe('accepted')
    expect(lines()).toEqual([])
  })

  it.each<[string, Record<string, string>]>([
    ['that a cache kept for ten minutes, and says so', { age: '600' }],
    ['that a cache kept for ten minutes, and hides it', {}],
    ['without a date that can be read', { date: 'yesterday' }],
  ])('for an answer %s', async (_, headers) => {
    const endpoint = await createKeyEndpoint((response, request) => {
      response.sendDate = false
      response.setHeader('date', new Date(nowMs - 600_000).toUTCString())
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      json(jwks)(response, request)
    })
    onTestFinished(() => endpoint.close())
    const { outcomeOf, token, lines, verify } = open({ keys: { jwksUrl: endpoint.url } })
    onTestFinished(() => verify.keys.close())
    expect(await outcomeOf(token(200))).toBe('The token has expired')
    expect(await outcomeOf(token())).toBe('accepted')
    expect(await outcomeOf(token(200))).toBe('The token has expired')
    expect(lines()).toEqual([])
    expect(verify.readClock()).toMatchObject({ offset: 0, skew: null })
  })
})

it('a corrected clock is trusted at once if it was ahead, and after a while if it was behind', async () => {
  const ahead = open({ skew: 5 * minute, keys: timed() })
  await ahead.outcomeOf(ahead.token())
  ahead.time.skew = 0
  expect(await ahead.outcomeOf(ahead.token())).toBe('accepted')
  expect(ahead.verify.readClock()).toEqual({ offset: 0, skew: null })
  expect(ahead.lines().map(([, code]) => code)).toEqual(['clock.skewed', 'clock.right'])

  const behind = open({ skew: -5 * minute })
  await behind.outcomeOf(behind.token())
  behind.time.skew = 0
  for (let minutes = 0; minutes < 11; minutes += 1) {
    behind.time.passed += minute
    expect(await behind.outcomeOf(behind.token())).toBe('accepted')
  }
  expect(behind.verify.readClock()).toEqual({ offset: 0, skew: null })
  expect(behind.lines().map(([, code]) => code)).toEqual(['clock.skewed', 'clock.right'])
})

it('a smaller tolerance makes a smaller difference matter', async () => {
  const strict = open({ skew: -3_000, clockTolerance: 0 })
  expect(await strict.outcomeOf(strict.token())).toBe(
    "The token was issued in the future: the server's clock seems to be 3 s behind Clerk's",
  )
  expect(strict.lines()).toEqual([skewed(3, 'behind')])
  const usual = open({ skew: -3_000 })
  expect(await usual.outcomeOf(usual.token())).toBe('accepted')
  expect(usual.lines()).toEqual([])
})
