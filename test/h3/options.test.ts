import { generateKeyPairSync } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  createAuthServer,
  createMemorySessionStore,
  type AuthServerOptions,
  type CookieOptions,
} from '../../adapters/h3/index.ts'
import { createKeySource } from '../../adapters/jose/create-key-source.ts'
import { MissingSecretKeyError } from '../../machines/index.ts'
import { signer, startServer } from './harness.ts'
import { createSigner, mintToken } from './session-tokens.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

const base: AuthServerOptions = { keys: { jwks: signer.jwks }, clerk: {}, logger: {} }

describe('an option that cannot be used is a TypeError that names it', () => {
  it.each<[string, object]>([
    ['basePath', { basePath: 'auth' }],
    ['basePath', { basePath: '/' }],
    ['basePath', { basePath: '/a/**' }],
    ['basePath', { basePath: 7 }],
    ['authWaitTimeout', { authWaitTimeout: -1 }],
    ['authWaitTimeout', { authWaitTimeout: Number.NaN }],
    ['authWaitTimeout', { authWaitTimeout: '1s' }],
    ['authWaitTimeout', { authWaitTimeout: 2 ** 31 }],
    ['refusedToken', { refusedToken: 'drop' }],
    ['loadUser', { loadUser: 'yes' }],
    ['publicClaims', { publicClaims: 'sub' }],
    ['publicClaims', { publicClaims: [1] }],
    ['allowedOrigins', { allowedOrigins: 'https://a.example' }],
    ['allowedOrigins', { allowedOrigins: ['*'] }],
    ['allowedOrigins', { allowedOrigins: ['null'] }],
    ['allowedOrigins', { allowedOrigins: ['https://a.example/'] }],
    ['allowedOrigins', { allowedOrigins: ['a.example'] }],
    ['allowedHosts', { allowedHosts: ['https://a.example'] }],
    ['allowedHosts', { allowedHosts: ['*'] }],
    ['cookie', { cookie: 'name' }],
    ['cookie.name', { cookie: { name: 'a b' } }],
    ['cookie.name', { cookie: { name: '__Host-authchart' } }],
    ['cookie.sameSite', { cookie: { sameSite: 'Lax' } }],
    ['cookie.secure', { cookie: { secure: 'never' } }],
    ['cookie.secure', { cookie: { secure: false, sameSite: 'none' } }],
    ['cookie.secure', { cookie: { secure: false, partitioned: true } }],
    ['cookie.partitioned', { cookie: { partitioned: 'yes' } }],
    ['cookie.httpOnly', { cookie: { httpOnly: false } }],
    ['limits.sessions', { limits: { sessions: 0 } }],
    ['limits.streamsPerSession', { limits: { streamsPerSession: 1.5 } }],
    ['limits.requestsPerSession', { limits: { requestsPerSession: Infinity } }],
    ['limits.session', { limits: { session: 1 } }],
    ['store', { store: {} }],
    ['store', { store: { ...createMemorySessionStore(), findTombstone: undefined } }],
    ['inspect', { inspect: true }],
    ['clock', { clock: 5 }],
    ['authWaitTimout', { authWaitTimout: 1_000 }],
    ['claims.clockTolerance', { claims: { clockTolerance: 3_601 } }],
    ['claims.issuers', { claims: { issuers: [] } }],
    ['clerk.secret', { clerk: { secret: 'x' } }],
    ['keys', { keys: {} }],
  ])('%s: %j', (name, options) => {
    const create = () => createAuthServer({ ...base, ...options })
    expect(create).toThrow(TypeError)
    expect(create).toThrow(name)
  })
})

it('an option that contradicts cookie.secure: false is named, with a remedy', () => {
  const create = (cookie: CookieOptions) => () => createAuthServer({ ...base, cookie })
  expect(create({ secure: false, sameSite: 'none' })).toThrow(/cookie\.sameSite: 'none'.*leave cookie\.secure out/)
  expect(create({ secure: false, partitioned: true })).toThrow(/cookie\.partitioned: true.*leave cookie\.secure out/)
})

describe('the Clerk secret key', () => {
  it('is required at once if no keys are given, and a missing one is distinguished from an empty one', () => {
    vi.stubEnv('CLERK_SECRET_KEY', undefined)
    expect(() => createAuthServer({ logger: {} })).toThrow(MissingSecretKeyError)
    expect(() => createAuthServer({ logger: {} })).toThrow(/missing/)
    expect(() => createAuthServer({ clerk: { secretKey: '' }, logger: {} })).toThrow(/empty/)
  })

  it('is read from the environment', async () => {
    vi.stubEnv('CLERK_SECRET_KEY', 'sk_test_environment')
    const auth = createAuthServer({ logger: {} })
    expect(auth.stats().sessions).toBe(0)
    await auth.close({ timeout: 0 })
  })
})

describe('keys', () => {
  it('may be a PEM, and then nothing is fetched', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    const server = await startServer({ keys: { jwtKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() } })
    const token = mintToken(privateKey, 'whatever', { iss: 'https://clerk.example.test' })
    expect((await server.browser().token(token)).body.isSignedIn).toBe(true)
  })

  describe('without `keys`', () => {
    const one = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    const other = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    const pemOf = ({ publicKey }: typeof one) => publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const tokenOf = ({ privateKey }: typeof one) => mintToken(privateKey, 'any', { iss: 'https://clerk.example.test' })
    const codeOf = async (options: AuthServerOptions, pair: typeof one) => {
      const { body } = await (await startServer(options)).browser().token(tokenOf(pair))
      return body.isSignedIn ? 'signed in' : body.code
    }

    it('come from CLERK_JWT_KEY, before a secret key, and nothing is fetched', async () => {
      vi.stubEnv('CLERK_JWT_KEY', pemOf(one).replaceAll('\n', '\\n'))
      vi.stubEnv('CLERK_SECRET_KEY', undefined)
      expect(await codeOf({ keys: undefined }, one)).toBe('signed in')
      const secretKey = 'sk_test_unused'
      expect(await codeOf({ keys: undefined, clerk: { secretKey, apiUrl: 'http://127.0.0.1:9' } }, one)).toBe(
        'signed in',
      )
    })

    it('come from `clerk.jwtKey`, before CLERK_JWT_KEY', async () => {
      vi.stubEnv('CLERK_JWT_KEY', pemOf(other))
      expect(await codeOf({ keys: undefined, clerk: { jwtKey: pemOf(one) } }, one)).toBe('signed in')
    })

    it('come from neither if `keys` is given', async () => {
      vi.stubEnv('CLERK_JWT_KEY', pemOf(other))
      expect(await codeOf({ keys: { jwtKey: pemOf(one) } }, one)).toBe('signed in')
      expect(await codeOf({ keys: { jwtKey: pemOf(one) } }, other)).toBe('token-signature')
    })

    it('cause a TypeError that names the variable if it contains no key', () => {
      vi.stubEnv('CLERK_JWT_KEY', '-----BEGIN PUBLIC KEY-----')
      const create = () => createAuthServer({ logger: {} })
      expect(create).toThrow(TypeError)
      expect(create).toThrow(/clerk\.jwtKey \(CLERK_JWT_KEY\) is cut off/)
    })
  })

  it('that become available again decide a waiting token', async () => {
    let status = 500
    const source = await startServer({}, (app) =>
      app.get('/jwks', () => (status === 200 ? Response.json(signer.jwks) : new Response(null, { status }))),
    )
    const keys = createKeySource({ jwksUrl: `${source.url}/jwks` }, { cooldown: 50, logger: {} })
    const server = await startServer({ keys })
    const browser = server.browser()
    const stream = await browser.open()
    expect((await browser.token(server.mint())).status).toBe(503)
    status = 200
    expect((await stream.viewWhere(({ isSignedIn }) => isSignedIn)).userId).toBe('user_a')
    keys.close()
  })
})

describe('the issuer', () => {
  it("defaults to the instance's Frontend API", async () => {
    const publishableKey = `pk_test_${Buffer.from('clerk.other.test$').toString('base64')}`
    const server = await startServer({ clerk: { publishableKey }, claims: {} })
    const browser = server.browser()
    expect((await browser.token(server.mint())).body.code).toBe('token-claims')
    expect((await browser.token(server.mint({ iss: 'https://clerk.other.test' }))).body.isSignedIn).toBe(true)
  })
})

it('two servers in one process share nothing', async () => {
  const other = createSigner(signer.kid)
  const [one, two] = [await startServer(), await startServer({ keys: { jwks: other.jwks } })]
  const token = one.mint()
  const browser = one.browser()
  await browser.token(token)
  expect((await two.browser().token(token)).body.code).toBe('token-signature')
  expect((await two.send('/auth/session', { headers: { cookie: browser.cookie ?? '' } })).body.isSignedIn).toBe(false)
})

it('a store of your own is not closed by the server', async () => {
  const store = createMemorySessionStore()
  const close = vi.spyOn(store, 'close')
  const auth = createAuthServer({ ...base, store })
  await auth.close({ timeout: 0 })
  expect(close).not.toHaveBeenCalled()
})

it('an inspector sees the machines without a token, and may throw', async () => {
  const seen: string[] = []
  const server = await startServer({
    inspect: (event) => {
      seen.push(JSON.stringify('event' in event ? event.event : event.type))
      throw new Error('inspector')
    },
  })
  const token = server.mint()
  expect((await server.browser().token(token)).body.isSignedIn).toBe(true)
  expect(seen.some((line) => line.includes('token.received'))).toBe(true)
  expect(seen.join('\n')).not.toContain(token.split('.')[2])
  expect(server.lines).toContainEqual(['error', 'inspector.failed', expect.anything()])
})
