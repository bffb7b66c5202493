import { describe, expect, it } from 'vitest'
import {
  createClerkKeys,
  MissingSecretKeyError,
  requireSecretKey,
  resolveClerkOptions,
  type ClerkOptions,
} from '../../adapters/clerk/index.ts'

const publishableKeyOf = (host: string, kind = 'test') => `pk_${kind}_${Buffer.from(`${host}$`).toString('base64')}`
const resolve = (options: unknown, env: Record<string, string> = {}) =>
  resolveClerkOptions(options as ClerkOptions, env)

describe('resolveClerkOptions (C17)', () => {
  it('takes each option from the argument, or else from the environment', () => {
    const env = {
      CLERK_SECRET_KEY: 'sk_env',
      CLERK_JWT_KEY: 'pem_env',
      CLERK_PUBLISHABLE_KEY: publishableKeyOf('clerk.env.test'),
      CLERK_WEBHOOK_SIGNING_SECRET: 'whsec_env',
      CLERK_API_URL: 'https://api.env.test',
      CLERK_PROXY_URL: 'https://app.env.test/__clerk',
      CLERK_DOMAIN: 'env.test',
    }
    expect(resolve({}, env)).toMatchObject({
      secretKey: 'sk_env',
      jwtKey: 'pem_env',
      publishableKey: env.CLERK_PUBLISHABLE_KEY,
      webhookSecret: 'whsec_env',
      apiUrl: 'https://api.env.test',
      proxyUrl: 'https://app.env.test/__clerk',
      domain: 'env.test',
    })
    const given = { secretKey: 'sk_arg', apiUrl: 'http://localhost:1', webhookSecret: 'whsec_arg' }
    expect(resolve(given, env)).toMatchObject(given)
    expect(resolve({}, { CLERK_WEBHOOK_SECRET: 'whsec_other' })).toMatchObject({ webhookSecret: 'whsec_other' })
  })

  it.each([
    ['a line break, as echo adds', (value: string) => `${value}\n`],
    ['blanks', (value: string) => ` ${value} `],
    ['double quotes', (value: string) => `"${value}"`],
    ['single quotes and a line break', (value: string) => `'${value}'\r\n`],
  ])('takes every value without %s round it', (_, wrap) => {
    const values = {
      secretKey: 'sk_test_abc',
      jwtKey: 'pem',
      publishableKey: publishableKeyOf('clerk.example.test'),
      webhookSecret: 'whsec_abc',
      apiUrl: 'https://api.example.test',
      proxyUrl: 'https://example.test/__clerk',
      domain: 'example.test',
    }
    const wrapped = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, wrap(value)]))
    expect(resolve(wrapped)).toMatchObject(values)
    expect(resolve(wrapped).issuer).toEqual(resolve(values).issuer)
    const env = { CLERK_SECRET_KEY: wrapped['secretKey']!, CLERK_PUBLISHABLE_KEY: wrapped['publishableKey']! }
    expect(resolve({}, env)).toMatchObject({ secretKey: 'sk_test_abc', publishableKey: values.publishableKey })
  })

  it('counts an empty variable as unset', () => {
    expect(resolve({}, { CLERK_PUBLISHABLE_KEY: '', CLERK_API_URL: '""', CLERK_PROXY_URL: ' ' })).toEqual({
      issuer: undefined,
    })
  })

  it('reads the process environment by default', () => {
    expect(resolveClerkOptions().secretKey).toBe(process.env['CLERK_SECRET_KEY'])
  })

  it.each<[ClerkOptions, string[] | undefined]>([
    [{}, undefined],
    [{ publishableKey: publishableKeyOf('clerk.example.test') }, ['https://clerk.example.test']],
    [{ publishableKey: publishableKeyOf('clerk.example.com', 'live') }, ['https://clerk.example.com']],
    [{ proxyUrl: 'https://example.com/__clerk/' }, ['https://example.com/__clerk']],
    [{ proxyUrl: '/__clerk' }, undefined],
    [{ domain: 'satellite.test' }, ['https://clerk.satellite.test']],
    [{ domain: 'https://clerk.satellite.test/' }, ['https://clerk.satellite.test']],
    [
      { domain: 'satellite.test', publishableKey: publishableKeyOf('clerk.example.test') },
      ['https://clerk.satellite.test', 'https://clerk.example.test'],
    ],
  ])('derives the issuers of %o', (options, issuer) => {
    expect(resolve(options).issuer).toEqual(issuer)
  })

  it.each<[string, unknown]>([
    ['clerk.publishableKey', { publishableKey: 'pk_test_' }],
    ['clerk.publishableKey', { publishableKey: 'sk_test_abc' }],
    ['clerk.publishableKey', { publishableKey: `pk_test_${Buffer.from('clerk.example.test').toString('base64')}` }],
    ['clerk.publishableKey', { publishableKey: publishableKeyOf('localhost') }],
    ['clerk.publishableKey', { publishableKey: publishableKeyOf('evil.test/?a.b') }],
    ['clerk.apiUrl', { apiUrl: 'api.clerk.com' }],
    ['clerk.apiUrl', { apiUrl: 'ftp://api.clerk.com' }],
    ['clerk.proxyUrl', { proxyUrl: 'example.com' }],
    ['clerk.domain', { domain: 'not a host' }],
    ['clerk.secretKey', { secretKey: 42 }],
    ['clerk.secretKey', { secretKey: 'sk_test_abc sk_test_def' }],
    ['clerk.secretKey', { secretKey: 'sk_test_abc\u200b' }],
    ['clerk.jwtKey', { jwtKey: 42 }],
    ['clerk.secret_key', { secret_key: 'sk_test_abc' }],
  ])('refuses at construction, naming %s', (name, options) => {
    expect(() => resolve(options)).toThrow(TypeError)
    expect(() => resolve(options)).toThrow(name)
  })

  it('never quotes a secret', () => {
    for (const options of [{ secretKey: 'sk_live_hidden', domain: '%' }, { publishableKey: 'sk_live_hidden' }]) {
      expect(() => resolve(options)).toThrow(
        expect.not.objectContaining({ message: expect.stringContaining('hidden') }),
      )
    }
  })
})

describe('a secret key', () => {
  it('that is missing and one that is empty are two errors, both at construction', () => {
    const missing = resolve({})
    const empty = [resolve({ secretKey: '' }), resolve({}, { CLERK_SECRET_KEY: '' }), resolve({ secretKey: ' ' })]
    expect(() => createClerkKeys(missing)).toThrow(new MissingSecretKeyError('missing'))
    for (const options of empty) expect(() => createClerkKeys(options)).toThrow(new MissingSecretKeyError('empty'))
  })

  it('is required only by calls that need it', () => {
    expect(resolve({})).toEqual({ issuer: undefined })
    expect(requireSecretKey(resolve({ secretKey: 'sk_test_abc' }))).toBe('sk_test_abc')
  })

  it('that is an empty argument is not replaced by the environment', () => {
    expect(() => requireSecretKey(resolve({ secretKey: '' }, { CLERK_SECRET_KEY: 'sk_env' }))).toThrow('empty')
  })
})
