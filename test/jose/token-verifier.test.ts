import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createTokenVerifier, type ClaimsOptions, type TokenVerifierOptions } from '../../adapters/jose/index.ts'
import { AuthError } from '../../machines/auth-error.ts'
import { BearerToken } from '../../machines/bearer-token.ts'
import {
  foreignKey,
  goodClaims,
  issuer,
  jwks,
  mint,
  nowMs,
  nowSeconds,
  party,
  signingKey,
  toJwk,
  toPem,
} from './token-factory.ts'

const silent = {}

function verifierOf(claims: ClaimsOptions = {}, options: Partial<TokenVerifierOptions> = {}) {
  return createTokenVerifier({ keys: { jwks }, claims, clock: () => nowMs, logger: silent, ...options })
}

const code = (expected: string) => expect.objectContaining({ name: 'AuthError', code: expected })

describe('createTokenVerifier', () => {
  it('gives the session that a valid token proves, in milliseconds', async () => {
    await expect(verifierOf()(mint())).resolves.toEqual({
      status: 'active',
      userId: 'user_1',
      sessionId: 'sess_1',
      orgId: null,
      claims: goodClaims,
      issuedAt: nowMs,
      expiresAt: nowMs + 60_000,
    })
  })

  it('also accepts a BearerToken, and reveals nothing of it', async () => {
    const token = new BearerToken(mint())
    await expect(verifierOf()(token)).resolves.toMatchObject({ userId: 'user_1' })
    const error = await verifierOf({ issuer: 'https://other.test' })(token).catch((e: unknown) => e)
    expect(inspect(error, { depth: 9 })).not.toContain(token.reveal().slice(0, 20))
  })

  it('accepts v1 tokens: no sts, organization in org_id', async () => {
    const v1 = { v: undefined, sts: undefined, org_id: 'org_1', org_role: 'org:admin' }
    await expect(verifierOf()(mint({ claims: v1 }))).resolves.toMatchObject({ status: 'active', orgId: 'org_1' })
    await expect(verifierOf()(mint({ claims: { ...v1, org_id: null } }))).resolves.toMatchObject({ orgId: null })
  })

  it('accepts v2 tokens: organization in o', async () => {
    const o = { id: 'org_2', rol: 'admin', slg: 'acme' }
    await expect(verifierOf()(mint({ claims: { o } }))).resolves.toMatchObject({ orgId: 'org_2', claims: { o } })
  })

  it('distinguishes a pending session from an active one', async () => {
    await expect(verifierOf()(mint({ claims: { sts: 'pending' } }))).resolves.toMatchObject({ status: 'pending' })
  })

  it('accepts fractional dates', async () => {
    const claims = { exp: nowSeconds + 60.5, iat: nowSeconds + 0.25, nbf: nowSeconds - 0.75 }
    await expect(verifierOf()(mint({ claims }))).resolves.toMatchObject({
      expiresAt: nowMs + 60_500,
      issuedAt: nowMs + 250,
    })
  })

  it('uses nbf if iat is missing', async () => {
    await expect(verifierOf()(mint({ claims: { iat: undefined } }))).resolves.toMatchObject({
      issuedAt: nowMs - 10_000,
    })
  })

  it.each([0, 1, 60, 3_600])(
    'is exact to the millisecond at its limits with a tolerance of %i s',
    async (clockTolerance) => {
      let now = 0
      const verify = verifierOf({ clockTolerance }, { clock: () => now })
      const at = async (moment: number, claims: Record<string, unknown>) => {
        now = moment
        return verify(mint({ claims })).then(
          () => 'accepted',
          (error: AuthError) => error.code,
        )
      }
      const tolerance = clockTolerance * 1_000
      const long = { nbf: 0, iat: 0, exp: nowSeconds }
      expect(await at(nowMs + tolerance - 1, long)).toBe('accepted')
      expect(await at(nowMs + tolerance, long)).toBe('token-expired')
      const early = { nbf: nowSeconds, iat: 0, exp: nowSeconds + 9_999 }
      expect(await at(nowMs - tolerance, early)).toBe('accepted')
      expect(await at(nowMs - tolerance - 1, early)).toBe('token-not-active')
      const future = { nbf: 0, iat: nowSeconds, exp: nowSeconds + 9_999 }
      expect(await at(nowMs - tolerance, future)).toBe('accepted')
      expect(await at(nowMs - tolerance - 1, future)).toBe('token-not-active')
    },
  )

  it('accepts nothing with a broken clock', async () => {
    await expect(verifierOf({}, { clock: () => Number.NaN })(mint())).rejects.toEqual(code('token-expired'))
  })

  it('calls an expired token for another party not allowed instead of expired', async () => {
    const token = mint({ claims: { exp: 1, iss: 'https://clerk.other.test' } })
    await expect(verifierOf({ issuer })(token)).rejects.toEqual(code('token-claims'))
  })

  it('verifies with a PEM key for any kid, and with no other key', async () => {
    for (const jwtKey of [toPem(signingKey), toPem(signingKey).replaceAll('\n', '\\n')]) {
      const verify = verifierOf({}, { keys: { jwtKey } })
      await expect(verify(mint({ header: { kid: 'any' } }))).resolves.toMatchObject({ userId: 'user_1' })
      await expect(verify(mint({ key: foreignKey }))).rejects.toEqual(code('token-signature'))
    }
  })

  it('keeps two instances with the same kid apart, in one process', async () => {
    const ours = verifierOf()
    const theirs = verifierOf({}, { keys: { jwks: { keys: [toJwk(foreignKey)] } } })
    await expect(ours(mint())).resolves.toBeTruthy()
    await expect(theirs(mint({ key: foreignKey }))).resolves.toBeTruthy()
    await expect(ours(mint({ key: foreignKey }))).rejects.toEqual(code('token-signature'))
    await expect(theirs(mint())).rejects.toEqual(code('token-signature'))
  })

  it('turns an error of a key source into an AuthError', async () => {
    const failing = { getKey: () => Promise.reject(new Error('boom')), subscribe: () => () => {}, close: () => {} }
    await expect(verifierOf({}, { keys: failing })(mint())).rejects.toEqual(code('internal'))
  })

  it('uses the wall clock by default', async () => {
    const seconds = Math.floor(Date.now() / 1_000)
    const claims = { iat: seconds, nbf: seconds - 10, exp: seconds + 60 }
    await expect(verifierOf({}, { clock: undefined })(mint({ claims }))).resolves.toBeTruthy()
    await expect(verifierOf({}, { clock: undefined })(mint())).rejects.toEqual(code('token-not-active'))
  })
})

describe('claims options (C6, C7)', () => {
  it('are merged over the defaults: exp and nbf stay required in any case', async () => {
    const verify = verifierOf({ issuer, requiredClaims: ['azp'] })
    await expect(verify(mint({ claims: { exp: undefined } }))).rejects.toEqual(code('token-claims'))
    await expect(verify(mint({ claims: { nbf: undefined } }))).rejects.toEqual(code('token-claims'))
    await expect(
      verifierOf({ clockTolerance: undefined })(mint({ claims: { exp: nowSeconds - 59 } })),
    ).resolves.toBeTruthy()
  })

  it('allow any of several issuers, parties and audiences, each compared exactly', async () => {
    const verify = verifierOf({
      issuer: ['https://a.test', issuer],
      authorizedParties: party,
      audience: ['api', 'web'],
    })
    await expect(verify(mint({ claims: { aud: 'web' } }))).resolves.toBeTruthy()
    await expect(verify(mint({ claims: { aud: ['other', 'api'] } }))).resolves.toBeTruthy()
    for (const aud of [undefined, null, 'API', 'ap', ['other'], [], { api: true }, [['api']]]) {
      await expect(verify(mint({ claims: { aud } }))).rejects.toEqual(code('token-claims'))
    }
  })

  it('require that claims are present and not null', async () => {
    const verify = verifierOf({ requiredClaims: ['email', 'flag'] })
    await expect(verify(mint({ claims: { email: 'a@b.c', flag: false } }))).resolves.toBeTruthy()
    await expect(verify(mint({ claims: { email: 'a@b.c' } }))).rejects.toEqual(code('token-claims'))
    await expect(verify(mint({ claims: { email: null, flag: 1 } }))).rejects.toEqual(code('token-claims'))
    await expect(verifierOf({ requiredClaims: ['toString'] })(mint())).rejects.toEqual(code('token-claims'))
  })

  it('validate(claims) refuses by false or a throw, sync or async, and anything else passes', async () => {
    const verdicts: ((claims: unknown) => unknown)[] = [
      () => false,
      async () => false,
      () => {
        throw new Error('no')
      },
      () => Promise.reject(new Error('no')),
    ]
    for (const validate of verdicts) {
      await expect(verifierOf({ validate: validate as () => boolean })(mint())).rejects.toEqual(code('token-claims'))
    }
    for (const validate of [() => true, () => {}, async () => true]) {
      await expect(verifierOf({ validate })(mint())).resolves.toBeTruthy()
    }
    await expect(verifierOf({ validate: ({ sub }) => sub === 'user_1' })(mint())).resolves.toBeTruthy()
  })

  it('validate(claims) may say that it could not decide', async () => {
    const validate = () => Promise.reject(new AuthError('store-unavailable'))
    await expect(verifierOf({ validate })(mint())).rejects.toEqual(code('store-unavailable'))
  })

  it('validate(claims) is not called for a token that is refused anyway', async () => {
    let asked = 0
    const verify = verifierOf({ validate: () => void asked++ })
    await verify(mint({ key: foreignKey })).catch(() => {})
    await verify(mint({ claims: { exp: 1 } })).catch(() => {})
    expect(asked).toBe(0)
  })

  it.each<[string, unknown]>([
    ['claims.clockTolerance', { clockTolerance: -1 }],
    ['claims.clockTolerance', { clockTolerance: 3_601 }],
    ['claims.clockTolerance', { clockTolerance: 1.5 }],
    ['claims.clockTolerance', { clockTolerance: '60' }],
    ['claims.clockTolerance', { clockTolerance: Number.NaN }],
    ['claims.issuer', { issuer: '' }],
    ['claims.issuer', { issuer: [] }],
    ['claims.issuer', { issuer: /clerk/ }],
    ['claims.authorizedParties', { authorizedParties: [] }],
    ['claims.authorizedParties', { authorizedParties: [party, 1] }],
    ['claims.audience', { audience: null }],
    ['claims.requiredClaims', { requiredClaims: 'email' }],
    ['claims.requiredClaims', { requiredClaims: [1] }],
    ['claims.validate', { validate: true }],
    ['claims.authorized_parties', { authorized_parties: [party] }],
    ['claims.leeway', { leeway: 60 }],
  ])('are refused at construction, naming %s', (name, claims) => {
    expect(() => verifierOf(claims as ClaimsOptions)).toThrow(TypeError)
    expect(() => verifierOf(claims as ClaimsOptions)).toThrow(name)
  })

  it('warn once each if the issuer or the authorized parties are open', () => {
    const warnings = (claims: ClaimsOptions) => {
      const codes: string[] = []
      createTokenVerifier({ keys: { jwks }, claims, logger: { warn: (warning) => codes.push(warning) } })
      return codes
    }
    expect(warnings({})).toEqual(['claims.issuer.unset', 'claims.authorizedParties.unset'])
    expect(warnings({ issuer })).toEqual(['claims.authorizedParties.unset'])
    expect(warnings({ issuer, authorizedParties: [party] })).toEqual([])
  })

  it('survive a logger that throws', () => {
    const warn = () => {
      throw new Error('disk full')
    }
    expect(() => createTokenVerifier({ keys: { jwks }, logger: { warn } })).not.toThrow()
  })

  it('refuse a clock that is not a function', () => {
    expect(() => verifierOf({}, { clock: 5 as never })).toThrow(/clock must be/)
  })
})
