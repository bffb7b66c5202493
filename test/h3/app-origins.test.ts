import { describe, expect, it } from 'vitest'
import { createAuthServer, type AuthServerOptions } from '../../adapters/h3/index.ts'
import { createTokenVerifier } from '../../adapters/jose/index.ts'
import { toOriginProblem } from '../../adapters/origins.ts'
import { signer, startServer } from './harness.ts'

const keys = { jwks: signer.jwks }
const uuid = '6f6f1c2e-0000-4000-8000-000000000000'

/** Apps that are not websites. Their browsers send these names in `Origin`, and Clerk puts them in `azp`. */
const apps = [
  'capacitor://localhost',
  'ionic://localhost',
  'tauri://localhost',
  'http://tauri.localhost',
  'https://tauri.localhost',
  // Capacitor on Android and development servers use this origin.
  'https://localhost',
  'http://localhost',
  'app://my-app',
  'com.example.app://localhost',
  'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
  `moz-extension://${uuid}`,
  `safari-web-extension://${uuid.toUpperCase()}`,
]

/** Values that no page can have as its origin, and the corrected origin that the error names. */
const mended: [value: string, origin: string][] = [
  ['https://app.example.com/', 'https://app.example.com'],
  ['https://app.example.com/sign-in?a=b', 'https://app.example.com'],
  ['app.example.com', 'https://app.example.com'],
  ['app.example.com:8443', 'https://app.example.com:8443'],
  ['localhost:3000', 'http://localhost:3000'],
  ['127.0.0.1:3000/', 'http://127.0.0.1:3000'],
  ['https://APP.example.com', 'https://app.example.com'],
  ['HTTPS://app.example.com', 'https://app.example.com'],
  ['https://app.example.com:443', 'https://app.example.com'],
  ['http://app.example.com:80', 'http://app.example.com'],
  ['https://user@app.example.com', 'https://app.example.com'],
  ['https://münchen.example', 'https://xn--mnchen-3ya.example'],
  [' https://app.example.com', 'https://app.example.com'],
  ['wss://app.example.com', 'https://app.example.com'],
  ['capacitor://localhost/', 'capacitor://localhost'],
  ['Capacitor://localhost', 'capacitor://localhost'],
  ['chrome-extension://abcdefghijklmnop/popup.html', 'chrome-extension://abcdefghijklmnop'],
]
const patterns = ['*', 'https://*.vercel.app', 'https://app-*.example.com', 'http://localhost:*', 'capacitor://*']
const hopeless = ['null', 'file:///index.html', 'file://', 'https://', 'two words', '/app', 'mailto:a@example.com']

const withParties = (authorizedParties: string | string[]) => () =>
  createTokenVerifier({ keys, claims: { authorizedParties }, logger: {} })
const withOrigins = (allowedOrigins: string[]) => () =>
  createAuthServer({ keys, clerk: {}, logger: {}, allowedOrigins })

describe.each([
  ['claims.authorizedParties', (value: string) => withParties(['https://ok.example.com', value])],
  ['allowedOrigins', (value: string) => withOrigins(['https://ok.example.com', value])],
])('%s', (name, create) => {
  it.each(mended)(
    'refuses %j, which no page can have as its origin, and names the corrected value',
    (value, origin) => {
      expect(create(value)).toThrow(TypeError)
      expect(create(value)).toThrow(`${name} has ${JSON.stringify(value)}`)
      expect(create(value)).toThrow(`write "${origin}"`)
      expect(create(origin)).not.toThrow()
    },
  )

  it.each(patterns)('refuses the pattern %j, because patterns are not matched', (value) => {
    expect(create(value)).toThrow(TypeError)
    expect(create(value)).toThrow(new RegExp(`${name.replace('.', '\\.')} has the pattern.*list each origin`))
  })

  it.each(hopeless)('refuses %j, which is not an origin', (value) => {
    expect(create(value)).toThrow(TypeError)
    expect(create(value)).toThrow(`${name} has ${JSON.stringify(value)}, which is no origin`)
  })

  it.each(['null', 'file://', 'file:///index.html'])('names the origin for an app in the refusal of %j', (value) => {
    expect(create(value)).toThrow('serve an app from a scheme of its own, as app://my-app')
  })

  it.each(apps)('accepts %s', (value) => {
    expect(create(value)).not.toThrow()
  })
})

it('accepts one string for authorizedParties, by the same rules', () => {
  expect(withParties('https://app.example.com')).not.toThrow()
  expect(withParties('https://app.example.com/')).toThrow('write "https://app.example.com"')
})

it('shows no more than 200 characters of a value in an error', () => {
  expect(withParties(`https://a.example/${'x'.repeat(10_000)}`)).toThrow(/^.{0,400}$/)
})

describe('claims.issuer', () => {
  const withIssuer = (issuer: string) => () => createTokenVerifier({ keys, claims: { issuer }, logger: {} })

  it.each([
    ['https://clerk.example.com/', 'https://clerk.example.com'],
    ['https://app.example.com/__clerk/', 'https://app.example.com/__clerk'],
    ['https://Clerk.example.com', 'https://clerk.example.com'],
    ['https://clerk.example.com:443', 'https://clerk.example.com'],
    ['clerk.example.com', 'https://clerk.example.com'],
  ])('refuses %j, which equals no iss', (value, issuer) => {
    expect(withIssuer(value)).toThrow(TypeError)
    expect(withIssuer(value)).toThrow(`claims.issuer has "${value}", which no iss is equal to: write "${issuer}"`)
    expect(withIssuer(issuer)).not.toThrow()
  })
})

describe('an app that is not a website', () => {
  it.each(apps)('signs in from %s', async (origin) => {
    const claims = { issuer: 'https://clerk.example.test', authorizedParties: [origin] }
    const server = await startServer({ claims, allowedOrigins: [origin], cookie: { sameSite: 'none' } })
    const answer = await server.post(
      { type: 'token.received', token: server.mint({ azp: origin }) },
      { origin, 'sec-fetch-site': 'cross-site' },
    )
    expect([answer.status, answer.body.isSignedIn]).toEqual([200, true])
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
  })

  it.each(apps)('gets exact CORS headers on a preflight and a stream from %s', async (origin) => {
    const server = await startServer({
      allowedOrigins: ['https://ok.example.com', origin],
      cookie: { sameSite: 'none' },
    })
    const preflight = await server.send('/auth/events', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    })
    expect(preflight.status).toBe(204)
    const stream = await server.open({ origin, 'sec-fetch-site': 'cross-site' })
    expect(stream.status).toBe(200)
    for (const headers of [preflight.headers, new Headers(stream.headers as Record<string, string>)]) {
      expect(headers.get('access-control-allow-origin')).toBe(origin)
      expect(headers.get('access-control-allow-credentials')).toBe('true')
      expect(headers.get('vary')).toContain('Origin')
    }
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Content-Type')
    expect(stream.headers['set-cookie']?.[0]).toMatch(/^__Host-authchart=[\w-]{43}; .*SameSite=None; Secure$/)
    // A similar origin with another scheme, port or host is another origin.
    for (const other of [`${origin}.example`, `x${origin}`, `${origin}:81`]) {
      const refused = await server.send('/auth/session', { headers: { origin: other } })
      expect([refused.status, refused.headers.get('access-control-allow-origin')], other).toEqual([403, null])
    }
  })

  it('gets advice if its pages have no origin, as with file:// and sandboxed frames', async () => {
    const server = await startServer({ allowedOrigins: ['app://my-app'] })
    const { status, body } = await server.post({ type: 'session.cleared' }, { origin: 'null' })
    expect([status, body.code]).toEqual([403, 'origin-rejected'])
    expect(body.detail).toContain('file://')
    expect(body.detail).toContain('app://')
  })

  it('does not count as this server because its host looks similar', async () => {
    const server = await startServer({ claims: { issuer: 'https://clerk.example.test' } })
    const { host } = new URL(server.url)
    const answer = await server.post({ type: 'session.cleared' }, { origin: `capacitor://${host}` })
    expect([answer.status, answer.body.code]).toEqual([403, 'origin-rejected'])
  })
})

describe('a Clerk proxy that is given as a path', () => {
  const publishableKey = `pk_test_${Buffer.from('clerk.example.test$').toString('base64')}`
  const clerk = { proxyUrl: '/__clerk/', publishableKey }
  const party = 'https://my-app.example.com'
  const open = async (options: AuthServerOptions) => {
    const server = await startServer({ claims: {}, ...options })
    const codeOf = async (claims: object) => {
      const { body } = await server.browser().token(server.mint({ azp: party, ...claims }))
      return body.isSignedIn ? 'signed in' : body.code
    }
    return { codeOf, warned: server.lines.filter(([level]) => level === 'warn').map(([, code]) => code) }
  }

  it('is expected on the authorized parties', async () => {
    const authorizedParties = [party, 'capacitor://localhost']
    const { codeOf, warned } = await open({ clerk, claims: { authorizedParties } })
    expect(await codeOf({ iss: `${party}/__clerk` })).toBe('signed in')
    expect(await codeOf({ iss: 'https://clerk.example.test' })).toBe('signed in')
    expect(await codeOf({ iss: 'https://other.example.com/__clerk' })).toBe('token-claims')
    expect(warned).toEqual([])
  })

  it('is expected on the allowed hosts', async () => {
    const { codeOf, warned } = await open({ clerk, allowedHosts: ['my-app.example.com', '127.0.0.1'] })
    expect(await codeOf({ iss: `${party}/__clerk` })).toBe('signed in')
    expect(warned).not.toContain('clerk.proxyUrl.relative')
  })

  it('causes a warning if nothing gives the host of the path', async () => {
    const { codeOf, warned } = await open({ clerk })
    expect(warned).toContain('clerk.proxyUrl.relative')
    expect(await codeOf({ iss: `${party}/__clerk` })).toBe('token-claims')
  })

  it('changes nothing if the issuer is given', async () => {
    const { codeOf, warned } = await open({ clerk, claims: { issuer: 'https://clerk.example.test' } })
    expect(warned).not.toContain('clerk.proxyUrl.relative')
    expect(await codeOf({ iss: 'https://clerk.example.test' })).toBe('signed in')
  })
})

describe('an origin whose name has letters outside ASCII', () => {
  it('is mended the same however often it is looked at', () => {
    // In Node 20, URL.canParse refuses such a name once the engine has optimized it.
    const problems = Array.from({ length: 20_000 }, () => toOriginProblem('https://münchen.example'))
    expect([...new Set(problems)]).toEqual([
      'has "https://münchen.example", which no origin is equal to: write "https://xn--mnchen-3ya.example"',
    ])
  })
})
