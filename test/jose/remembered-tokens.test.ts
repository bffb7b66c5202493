import { execFile } from 'node:child_process'
import type { KeyObject } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  createTokenVerifier,
  type KeySource,
  type TokenVerifier,
  type TokenVerifierOptions,
} from '../../adapters/jose/index.ts'
import { createTokenMarks } from '../../adapters/jose/token-marks.ts'
import { AuthError } from '../../machines/auth-error.ts'
import { BearerToken } from '../../machines/bearer-token.ts'
import { createSigningKey, foreignKey, jwks, mint, nowMs, nowSeconds, signingKey, tamper } from './token-factory.ts'

const code = (expected: string) => expect.objectContaining({ name: 'AuthError', code: expected })
/** This object is only watched. The calls still reach Node's own functions. */
const nodeCrypto = process.getBuiltinModule('node:crypto')

function verifierOf(options: Partial<TokenVerifierOptions> = {}) {
  return createTokenVerifier({ keys: { jwks }, clock: () => nowMs, logger: {}, ...options })
}

/** Shows a token twice, after which it is remembered. */
async function showTwice(verify: TokenVerifier, token: string) {
  await verify(token)
  return verify(token)
}

/** Creates a source whose answer the test can replace. */
function createSwappedKeys(answer: () => KeyObject): KeySource & { answer: () => KeyObject } {
  const source = {
    answer,
    getKey: async () => source.answer(),
    subscribe: () => () => {},
    close: () => {},
  }
  return source
}

afterEach(() => void vi.restoreAllMocks())

describe('a token that verified before', () => {
  it('is not verified again, as text or as a BearerToken', async () => {
    const checks = vi.spyOn(nodeCrypto, 'verify')
    const verify = verifierOf()
    const token = mint()
    const session = await showTwice(verify, token)
    expect(await verify(token)).toBe(session)
    expect(await verify(new BearerToken(token))).toBe(session)
    expect(checks).toHaveBeenCalledTimes(2)
  })

  it('is verified each time if none is remembered', async () => {
    const checks = vi.spyOn(nodeCrypto, 'verify')
    const verify = verifierOf({ remember: 0 })
    const token = mint()
    const session = await showTwice(verify, token)
    expect(await verify(token)).toEqual(session)
    expect(checks).toHaveBeenCalledTimes(3)
  })

  it('is checked against the clock each time, to the millisecond', async () => {
    let now = nowMs
    const verify = verifierOf({ clock: () => now })
    const token = mint()
    await showTwice(verify, token)
    now = (nowSeconds + 120) * 1_000 - 1
    await expect(verify(token)).resolves.toMatchObject({ userId: 'user_1' })
    now++
    await expect(verify(token)).rejects.toEqual(code('token-expired'))
    now = (nowSeconds - 60) * 1_000 - 1
    await expect(verify(token)).rejects.toEqual(code('token-not-active'))
    now++
    await expect(verify(token)).resolves.toMatchObject({ userId: 'user_1' })
  })

  it('is passed to validate(claims) each time, and a refusal does not affect the next time', async () => {
    const answers = [true, true, false, new AuthError('store-unavailable'), true]
    const verify = verifierOf({
      claims: {
        validate: () => {
          const answer = answers.shift()
          if (answer instanceof AuthError) throw answer
          return answer
        },
      },
    })
    const token = mint()
    await showTwice(verify, token)
    await expect(verify(token)).rejects.toEqual(code('token-claims'))
    await expect(verify(token)).rejects.toEqual(code('store-unavailable'))
    await expect(verify(token)).resolves.toMatchObject({ userId: 'user_1' })
    expect(answers).toEqual([])
  })

  it('is refused with any other signature, payload or header', async () => {
    const verify = verifierOf()
    const token = mint()
    await showTwice(verify, token)
    const other = mint({ claims: { sub: 'user_2' } })
    const [header, payload, signature] = other.split('.') as [string, string, string]
    await expect(verify(tamper(([h, p]) => [h, p, signature], token))).rejects.toEqual(code('token-signature'))
    await expect(verify(tamper(([h, , s]) => [h, payload, s], token))).rejects.toEqual(code('token-signature'))
    await expect(verify(tamper(([, p, s]) => [header.slice(0, -1), p, s], token))).rejects.toEqual(
      code('token-malformed'),
    )
    await expect(verify(`${token}.`)).rejects.toEqual(code('token-malformed'))
    await expect(verify(mint({ key: foreignKey }))).rejects.toEqual(code('token-signature'))
  })

  it('gives a session that no caller can change for the next one', async () => {
    const verify = verifierOf()
    const token = mint({ claims: { o: { id: 'org_1', rol: 'member' }, roles: [{ name: 'member' }] } })
    const session = await showTwice(verify, token)
    expect(await verify(token)).toBe(session)
    const claims = session.claims as unknown as { o: { rol: string }; roles: { name: string }[] }
    expect(() => (claims.o.rol = 'admin')).toThrow(TypeError)
    expect(() => (claims.roles[0]!.name = 'admin')).toThrow(TypeError)
    expect(() => claims.roles.push({ name: 'admin' })).toThrow(TypeError)
    expect(() => Object.assign(session, { userId: 'user_2' })).toThrow(TypeError)
    expect(() => Object.assign(claims, { sub: 'user_2' })).toThrow(TypeError)
  })
})

describe('the memory of tokens', () => {
  it('is emptied when the keys change', async () => {
    const checks = vi.spyOn(nodeCrypto, 'verify')
    const source = createSwappedKeys(() => signingKey.publicKey)
    const verify = verifierOf({ keys: source })
    const tokens = [mint(), mint({ claims: { sub: 'user_2' } })]
    for (const token of tokens) await showTwice(verify, token)
    expect(checks).toHaveBeenCalledTimes(4)
    source.answer = () => foreignKey.publicKey
    await expect(verify(tokens[0])).rejects.toEqual(code('token-signature'))
    expect(checks).toHaveBeenCalledTimes(5)
    // The first key is back, and the second token has to be verified again.
    source.answer = () => signingKey.publicKey
    await verify(tokens[1]!)
    expect(checks).toHaveBeenCalledTimes(6)
  })

  it('does not help if the key is gone, or if the key source cannot say so', async () => {
    const source = createSwappedKeys(() => signingKey.publicKey)
    const verify = verifierOf({ keys: source })
    const token = mint()
    await showTwice(verify, token)
    for (const reason of ['key-not-found', 'keys-unavailable', 'verify-timeout'] as const) {
      source.answer = () => {
        throw new AuthError(reason)
      }
      await expect(verify(token)).rejects.toEqual(code(reason))
    }
  })

  it('never contains a token that was refused', async () => {
    const checks = vi.spyOn(nodeCrypto, 'verify')
    const verify = verifierOf({ claims: { issuer: 'https://other.test' } })
    const token = mint()
    for (let time = 1; time <= 3; time++) {
      await expect(verify(token)).rejects.toEqual(code('token-claims'))
      expect(checks).toHaveBeenCalledTimes(time)
    }
  })

  it('has a limited size: the token with the oldest last use goes first', async () => {
    const checks = vi.spyOn(nodeCrypto, 'verify')
    const verify = verifierOf({ remember: 2 })
    const [a, b, c] = ['a', 'b', 'c'].map((sub) => mint({ claims: { sub } })) as [string, string, string]
    await showTwice(verify, a)
    await showTwice(verify, b)
    await verify(a)
    await showTwice(verify, c)
    expect(checks).toHaveBeenCalledTimes(6)
    await verify(a)
    await verify(c)
    expect(checks).toHaveBeenCalledTimes(6)
    await verify(b)
    expect(checks).toHaveBeenCalledTimes(7)
  })

  it('drops an expired token even if there is room', async () => {
    const checks = vi.spyOn(nodeCrypto, 'verify')
    let now = nowMs
    const verify = verifierOf({ clock: () => now })
    const token = mint()
    await showTwice(verify, token)
    now += 120_000
    await showTwice(verify, mint({ claims: { sub: 'later', exp: nowSeconds + 600 } }))
    now = nowMs
    await verify(token)
    expect(checks).toHaveBeenCalledTimes(5)
  })

  it('recognises a token by its digest, which is useless for a token that was not verified before', async () => {
    const digests = vi.spyOn(nodeCrypto, 'hash')
    const verify = verifierOf()
    const junk = ['a'.repeat(8_193), '.'.repeat(100_000), '.'.repeat(8_192), 'a.b.c', [mint()], null, 42]
    for (const token of junk) await verify(token).catch(() => {})
    await verify(mint({ key: foreignKey })).catch(() => {})
    const token = mint()
    await verify(token)
    expect(digests).not.toHaveBeenCalled()
    await verify(token)
    expect(digests).toHaveBeenCalled()
  })

  it('finds a token again among more tokens than the marks have room for', async () => {
    const checks = vi.spyOn(nodeCrypto, 'verify')
    const verify = verifierOf()
    // These tokens are shown once, as most are. Some of their marks coincide with those of other tokens, which must
    // have no effect.
    const signature = mint().split('.')[2]!
    const marks = createTokenMarks()
    for (let at = 0; at < 25_000; at++) marks.add(`${signature}${at}`)
    const tokens = Array.from({ length: 40 }, (_, at) => mint({ claims: { sub: `user_${at}` } }))
    for (const token of tokens) {
      marks.add(token)
      expect(marks.has(token)).toBe(true)
    }
    for (const token of tokens) await showTwice(verify, token)
    checks.mockClear()
    const sessions = await Promise.all(tokens.map((token) => verify(token)))
    expect(sessions.map(({ userId }) => userId)).toEqual(tokens.map((_, at) => `user_${at}`))
    expect(checks).not.toHaveBeenCalled()
  })

  it.each([-1, 1.5, Number.NaN, Infinity, '10', null])('refuses remember: %j', (remember) => {
    expect(() => verifierOf({ remember: remember as never })).toThrow(/createTokenVerifier: remember must be/)
  })
})

describe('with the key at hand', () => {
  it.each([
    ['new', 10_000],
    ['seen before', 10_000],
    ['never remembered', 0],
  ])('a token is judged within the microtask queue: %s', async (name, remember) => {
    const verify = verifierOf({ remember })
    const [good, forged] = [mint(), mint({ key: foreignKey })]
    if (name === 'seen before') await showTwice(verify, good)
    const outcomes: string[] = []
    void verify(good).then(() => outcomes.push('accepted'))
    void verify(forged).catch((error: AuthError) => outcomes.push(error.code))
    // Only microtasks run between here and the end of the loop.
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    expect(outcomes.toSorted()).toEqual(['accepted', 'token-signature'])
  })
})

describe('a key from a source of your own', () => {
  const weak = createSigningKey(1_024)
  const ec = nodeCrypto.generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pss = nodeCrypto.generateKeyPairSync('rsa-pss', { modulusLength: 2_048 })

  it.each([
    ['weaker than RS256 allows', weak.publicKey, weak],
    ['an EC key', ec.publicKey, ec],
    ['an RSA-PSS key', pss.publicKey, pss],
    ['a private key', signingKey.privateKey, signingKey],
    ['a secret', nodeCrypto.createSecretKey(Buffer.alloc(256)), signingKey],
  ])('is never verified with if it is %s', async (_, key, signer) => {
    const verify = verifierOf({ keys: createSwappedKeys(() => key) })
    // The signature is padded, so that it is refused for the key and not for its length.
    const short = mint({ key: signer })
    const [header, payload, signature] = short.split('.') as [string, string, string]
    const bytes = Buffer.from(signature, 'base64url')
    const long = Buffer.concat([bytes, Buffer.alloc(Math.max(0, 256 - bytes.length))]).toString('base64url')
    await expect(verify(`${header}.${payload}.${long}`)).rejects.toEqual(code('internal'))
  })
})

describe('the text of a token', () => {
  it.each([
    ['is nowhere in memory once it is verified', 'let go', false],
    ['would be found if it were', 'hold', true],
  ])('%s', async (_, how, isHeld) => {
    const script = fileURLToPath(new URL('held-token.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '--import', 'tsx', script, how])
    expect(JSON.parse(stdout)).toMatchObject({ isHeld })
  })
})
