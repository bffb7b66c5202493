import type { KeyObject } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  createKeySource,
  createTokenVerifier,
  type KeySource,
  type KeySourceSettings,
} from '../../adapters/jose/index.ts'
import type { AuthError } from '../../machines/auth-error.ts'
import { createKeyEndpoint, json, until } from './key-endpoint.ts'
import { createSigningKey, foreignKey, jwks, kid, mint, nowMs, signingKey, toJwk } from './token-factory.ts'

const nextKey = createSigningKey()
const newKid = 'ins_next'
const rotated = { keys: [toJwk(nextKey, { kid: newKid })] }
const both = { keys: [...jwks.keys, ...rotated.keys] }

let endpoint: Awaited<ReturnType<typeof createKeyEndpoint>>
let source: KeySource
let logged: [code: string, details: unknown][]
let refreshed: number

/** Returns the outcome of a look-up in words. */
const lookUp = (id = kid) =>
  source.getKey(id).then(
    () => 'found',
    (error: AuthError) => error.code,
  )

/** Waits until the running attempt has ended, and everything that waits for it. */
async function settle() {
  const seen = logged.length
  await until(() => logged.length > seen)
  await Promise.resolve()
}

function open(settings: KeySourceSettings = {}) {
  logged = []
  refreshed = 0
  const line = (code: string, details?: unknown) => void logged.push([code, details])
  source = createKeySource({ jwksUrl: endpoint.url }, { logger: { debug: line, warn: line }, ...settings })
  source.subscribe(() => refreshed++)
}

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'], now: nowMs })
  endpoint = await createKeyEndpoint(json(jwks))
  open()
})

afterEach(async () => {
  source.close()
  await endpoint.close()
  vi.useRealTimers()
})

describe('keys behind a URL', () => {
  it('go to very many tokens that waited for them a few in each turn of the event loop', async () => {
    const found: unknown[] = []
    let most = 0
    const all = Promise.all(Array.from({ length: 200 }, async () => void found.push(await source.getKey(kid))))
    for (let before = 0; found.length < 200;) {
      await new Promise((resolve) => setImmediate(resolve))
      most = Math.max(most, found.length - before)
      before = found.length
    }
    await all
    expect(most).toBeLessThanOrEqual(64)
  })

  it('1,000 concurrent cold verifications cause one fetch', async () => {
    const verify = createTokenVerifier({ keys: source, clock: () => nowMs, logger: {} })
    const tokens = Array.from({ length: 50 }, (_, i) => mint({ claims: { sub: `user_${i}` } }))
    const verifyAll = () => Promise.all(Array.from({ length: 1_000 }, (_, i) => verify(tokens[i % 50])))
    const sessions = await verifyAll()
    expect(sessions.map(({ userId }) => userId)).toEqual(sessions.map((_, i) => `user_${i % 50}`))
    expect(endpoint.requests).toBe(1)
    await verifyAll()
    expect(endpoint.requests).toBe(1)
  })

  it('1,000 tokens with random kids cause at most one fetch per cooldown', async () => {
    await lookUp()
    for (let second = 0; second < 30; second++) {
      const outcomes = await Promise.all(Array.from({ length: 34 }, (_, i) => lookUp(`random_${second}_${i}`)))
      expect(new Set([...outcomes, 'keys-unavailable', 'key-not-found']).size).toBe(2)
      const due = endpoint.requests
      vi.advanceTimersByTime(1_000)
      if (second % 10 === 9) await until(() => endpoint.requests > due && refreshed === endpoint.requests)
    }
    expect(endpoint.requests).toBe(4)
    expect(await lookUp()).toBe('found')
  })

  it('an unknown kid causes a fetch, and is refused if it is still missing', async () => {
    await lookUp()
    vi.advanceTimersByTime(10_000)
    expect(await lookUp('unknown')).toBe('key-not-found')
    expect(endpoint.requests).toBe(2)
  })

  it('an unknown kid within the cooldown is undecided until the one refresh at its end, then refused', async () => {
    await lookUp()
    vi.advanceTimersByTime(3_000)
    const error = await source.getKey('unknown').catch((e: AuthError) => e)
    expect(error).toMatchObject({ code: 'keys-unavailable', retryable: true, retryAfter: 7_000 })
    vi.advanceTimersByTime(6_999)
    expect(endpoint.requests).toBe(1)
    vi.advanceTimersByTime(1)
    await settle()
    expect([endpoint.requests, refreshed]).toEqual([2, 2])
    // The set was fetched after the kid was first asked for, so no third fetch is needed to answer.
    expect(await lookUp('unknown')).toBe('key-not-found')
    expect(endpoint.requests).toBe(2)
  })

  it('a kid that was refused may be published later', async () => {
    await lookUp()
    vi.advanceTimersByTime(10_000)
    expect(await lookUp(newKid)).toBe('key-not-found')
    endpoint.answer = json(both)
    vi.advanceTimersByTime(10_000)
    expect(await lookUp(newKid)).toBe('found')
  })

  it('a kid that was undecided long ago is requested again', async () => {
    await lookUp()
    expect(await lookUp(newKid)).toBe('keys-unavailable')
    vi.advanceTimersByTime(10_000)
    await settle()
    endpoint.answer = json(both)
    vi.advanceTimersByTime(20_000)
    expect(await lookUp(newKid)).toBe('found')
  })

  it('an attempt that was already running when a kid is requested says nothing about it', async () => {
    const first = lookUp()
    const second = lookUp('unknown')
    expect(await Promise.all([first, second])).toEqual(['found', 'keys-unavailable'])
  })

  it('a rotation under load is followed within the cooldown; the removed key is refused from then on', async () => {
    const verify = createTokenVerifier({ keys: source, clock: () => nowMs, logger: {} })
    const oldToken = mint()
    const newToken = mint({ key: nextKey, header: { kid: newKid } })
    const codeOf = (token: string) =>
      verify(token).then(
        () => 'accepted',
        (error: AuthError) => error.code,
      )
    expect(await codeOf(oldToken)).toBe('accepted')
    endpoint.answer = json(rotated)
    for (let second = 0; second < 10; second++) {
      expect(await codeOf(oldToken)).toBe('accepted')
      expect(await codeOf(newToken)).toBe('keys-unavailable')
      vi.advanceTimersByTime(1_000)
    }
    await settle()
    expect(await codeOf(newToken)).toBe('accepted')
    expect(await codeOf(oldToken)).not.toBe('accepted')
    expect(endpoint.requests).toBe(2)
  })

  it('refreshes without a request at maxAge', async () => {
    await lookUp()
    endpoint.answer = json(rotated)
    vi.advanceTimersByTime(300_000)
    await settle()
    expect(await lookUp(newKid)).toBe('found')
    expect(endpoint.requests).toBe(2)
  })

  it('two sources with the same kid keep their keys apart', async () => {
    const other = await createKeyEndpoint(json({ keys: [toJwk(foreignKey)] }))
    const theirs = createKeySource({ jwksUrl: other.url }, { logger: {} })
    const [ourKey, theirKey] = await Promise.all([source.getKey(kid), theirs.getKey(kid)])
    expect((ourKey as KeyObject).export({ format: 'jwk' }).n).toBe(jwks.keys[0]!.n)
    expect((theirKey as KeyObject).export({ format: 'jwk' }).n).toBe(toJwk(foreignKey).n)
    theirs.close()
    await other.close()
  })

  it.each([-86_400_000, -3_600_000, 3_600_000, 86_400_000])(
    'a wall clock that is off by %i ms does not freeze the cache',
    async (jump) => {
      await lookUp()
      vi.setSystemTime(Date.now() + jump)
      expect(await lookUp()).toBe('found')
      expect(endpoint.requests).toBe(1)
      endpoint.answer = json(both)
      expect(await lookUp(newKid)).toBe('keys-unavailable')
      vi.advanceTimersByTime(10_000)
      await settle()
      expect(await lookUp(newKid)).toBe('found')
      expect(endpoint.requests).toBe(2)
    },
  )

  it('gives up for the one caller whose signal fires, not for the others', async () => {
    let release = () => {}
    endpoint.answer = (response) => void (release = () => json(jwks)(response, undefined as never))
    const controller = new AbortController()
    const impatient = source.getKey(kid, { signal: controller.signal }).catch((error: AuthError) => error.code)
    const patient = lookUp()
    await until(() => endpoint.requests === 1)
    controller.abort()
    expect(await impatient).toBe('verify-timeout')
    release()
    expect(await patient).toBe('found')
    expect(await source.getKey('x', { signal: AbortSignal.abort() }).catch((e: AuthError) => e.code)).toBe(
      'verify-timeout',
    )
  })

  it('creates no signal for a token whose key is there', async () => {
    let made = 0
    const options = {
      get signal() {
        made += 1
        return new AbortController().signal
      },
    }
    const verify = createTokenVerifier({ keys: source, clock: () => nowMs, logger: {} })
    await verify(mint(), options)
    expect(made).toBe(1)
    await Promise.all([verify(mint(), options), source.getKey(kid, options)])
    expect(made).toBe(1)
  })

  it('with refresh: false it fetches only if it has no keys at all', async () => {
    const carried = (id: string) =>
      source.getKey(id, { refresh: false }).then(
        () => 'found',
        (error: AuthError) => error.code,
      )
    expect(await carried(kid)).toBe('found')
    vi.advanceTimersByTime(10_000)
    expect(await carried('unknown')).toBe('keys-unavailable')
    vi.advanceTimersByTime(10_000)
    expect(endpoint.requests).toBe(1)
  })

  it('closed during a look-up, it says so, aborts the request and stops trying', async () => {
    endpoint.answer = () => {}
    const waiting = lookUp()
    await until(() => endpoint.requests === 1)
    source.close()
    expect(await waiting).toBe('keys-unavailable')
    await until(() => endpoint.aborted === 1)
    vi.advanceTimersByTime(600_000)
    expect(await lookUp()).toBe('keys-unavailable')
    expect(endpoint.requests).toBe(1)
  })

  it('calls its listeners for each new set, once the set is in place, and one that throws affects no other', async () => {
    const seen: string[] = []
    const leave = source.subscribe(() => void lookUp().then((outcome) => seen.push(outcome)))
    source.subscribe(() => {
      throw new Error('a listener of bad manners')
    })
    await lookUp()
    await until(() => seen.length === 1)
    leave()
    vi.advanceTimersByTime(300_000)
    await until(() => refreshed === 2)
    expect(seen).toEqual(['found'])
  })

  it('warns once of each unusable key, however often it is fetched', async () => {
    endpoint.answer = json({ keys: [...jwks.keys, toJwk(signingKey, { kid: 'enc', use: 'enc' })] })
    await lookUp()
    vi.advanceTimersByTime(300_000)
    await until(() => refreshed === 2)
    expect(logged.filter(([code]) => code === 'keys.dropped')).toEqual([
      ['keys.dropped', { kid: 'enc', reason: 'not for signatures' }],
    ])
  })
})

type Answer = Parameters<typeof createKeyEndpoint>[0]
const page =
  (status: number, body: string | Buffer, headers = {}): Answer =>
  (response) => {
    response.writeHead(status, headers).end(body)
  }
const good = JSON.stringify(jwks)

const faults: [name: string, answer: Answer, reason: RegExp][] = [
  ['500', page(500, good), /answered 500/],
  ['429', page(429, '', { 'retry-after': '1' }), /answered 429/],
  ['401', page(401, '{}'), /answered 401/],
  ['204', page(204, ''), /other than JSON/],
  ['an HTML page', page(200, '<html>sign in</html>'), /other than JSON/],
  ['half a body', page(200, good.slice(0, -9)), /other than JSON/],
  ['an empty body', page(200, ''), /other than JSON/],
  ['JSON null', page(200, 'null'), /not a JSON Web Key Set/],
  ['an empty set', json({ keys: [] }), /without a usable key/],
  ['a set of weak keys', json({ keys: [toJwk(createSigningKey(1_024))] }), /without a usable key/],
  [
    '101 keys',
    json({ keys: Array.from({ length: 101 }, (_, i) => ({ ...jwks.keys[0], kid: `k${i}` })) }),
    /more than 100/,
  ],
  ['300 KB at once', page(200, good + ' '.repeat(300_000)), /more than 262144 bytes/],
  [
    '300 KB in chunks, announced by nothing',
    (response) => {
      response.write(good)
      for (let i = 0; i < 300; i++) response.write(' '.repeat(1_000))
      // This body never ends, because the limit must not depend on its end.
    },
    /more than 262144 bytes/,
  ],
  [
    'a redirect to good keys',
    (response, request) => {
      if (request.url === '/good') json(jwks)(response, request)
      else response.writeHead(302, { location: '/good' }).end()
    },
    /^the key endpoint answered with a redirect, which is not followed$/,
  ],
  ['a cut connection', (response) => response.destroy(), /^the key endpoint could not be reached \(UND_ERR_SOCKET\)$/],
  [
    'a body cut short',
    (response) => {
      response.writeHead(200, { 'content-length': '9999' }).write(good)
      setImmediate(() => response.destroy())
    },
    /terminated|fetch failed/,
  ],
]

describe.each(faults)('a key endpoint that answers with %s', (_, answer, reason) => {
  it('is undecided without keys, and recovers', async () => {
    endpoint.answer = answer
    const error = await source.getKey(kid).catch((e: AuthError) => e)
    expect(error).toMatchObject({ code: 'keys-unavailable', retryable: true, retryAfter: 10_000 })
    expect(logged).toEqual([
      ...logged.filter(([code]) => code === 'keys.dropped'),
      ['keys.failed', { reason: expect.stringMatching(reason) }],
      ['keys.undecided', { retryAfter: 10_000 }],
    ])
    expect(refreshed).toBe(0)
    endpoint.answer = json(jwks)
    vi.advanceTimersByTime(10_000)
    await settle()
    expect([await lookUp(), refreshed]).toEqual(['found', 1])
  })

  it('removes no known key', async () => {
    await lookUp()
    endpoint.answer = answer
    vi.advanceTimersByTime(10_000)
    expect(await lookUp('unknown')).toBe('keys-unavailable')
    expect(await lookUp()).toBe('found')
    expect(refreshed).toBe(1)
  })
})

describe.each<[string, Answer]>([
  ['headers', () => {}],
  [
    'a body',
    (response) => void response.writeHead(200, { 'content-type': 'application/json' }).write(good.slice(0, 40)),
  ],
])('a key endpoint that stalls before %s', (_, answer) => {
  it('is given up after 4 s, without and with keys', async () => {
    endpoint.answer = answer
    const cold = source.getKey(kid).catch((e: AuthError) => e)
    await until(() => endpoint.requests === 1)
    vi.advanceTimersByTime(3_999)
    expect(endpoint.aborted).toBe(0)
    vi.advanceTimersByTime(1)
    expect(await cold).toMatchObject({ code: 'keys-unavailable', retryAfter: 6_000 })
    await until(() => endpoint.aborted === 1)

    endpoint.answer = json(jwks)
    vi.advanceTimersByTime(6_000)
    await settle()
    endpoint.answer = answer
    vi.advanceTimersByTime(10_000)
    const unknown = lookUp('unknown')
    expect(await lookUp()).toBe('found')
    vi.advanceTimersByTime(4_000)
    expect(await unknown).toBe('keys-unavailable')
    expect(await lookUp()).toBe('found')
  })
})

describe('an outage of the key endpoint', () => {
  it('of 30 minutes does not affect known kids, and causes one attempt per 10 s at most', async () => {
    const verify = createTokenVerifier({ keys: source, clock: () => nowMs, logger: {} })
    await verify(mint())
    endpoint.answer = page(500, '')
    for (let second = 0; second < 1_800; second += 5) {
      await verify(mint())
      expect(await lookUp(`hostile_${second}`)).toBe('keys-unavailable')
      const failures = () => logged.filter(([code]) => code === 'keys.failed').length
      vi.advanceTimersByTime(5_000)
      // If an attempt is due in this second, it gets its answer before the next second.
      if (second % 10 === 5) await until(() => failures() >= (second + 5) / 10)
    }
    expect(endpoint.requests).toBe(181)
  })

  it('without keys recovers within the cooldown after its end, and reports it', async () => {
    endpoint.answer = page(500, '')
    await lookUp()
    for (let attempt = 0; attempt < 12; attempt++) {
      vi.advanceTimersByTime(10_000)
      await settle()
    }
    vi.advanceTimersByTime(1)
    endpoint.answer = json(jwks)
    vi.advanceTimersByTime(9_999)
    await settle()
    expect([refreshed, await lookUp()]).toEqual([1, 'found'])
  })
})

describe('keys fetched by a function', () => {
  it('are requested with a signal, and a failure or a wrong result counts as an outage', async () => {
    const answers: (() => unknown)[] = [
      () => Promise.reject(new Error('boom')),
      () => {
        throw new Error('thrown at once')
      },
      () => 'not a set',
      () => jwks,
    ]
    const signals: AbortSignal[] = []
    source.close()
    source = createKeySource(
      {
        fetchJwks: async ({ signal }) => {
          signals.push(signal)
          return answers[signals.length - 1]!()
        },
      },
      { logger: {}, cooldown: 1_000 },
    )
    const outcomes = [await lookUp()]
    while (signals.length < answers.length) {
      vi.advanceTimersByTime(1_000)
      outcomes.push(await lookUp())
    }
    expect(outcomes).toEqual(['keys-unavailable', 'keys-unavailable', 'keys-unavailable', 'found'])
    expect(signals.map(({ aborted }) => aborted)).not.toContain(undefined)
  })
})
