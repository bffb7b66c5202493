import { describe, expect, it, vi } from 'vitest'
import { createIssuerKeys, createKeySource, createTokenVerifier } from '../../adapters/jose/index.ts'
import { startServer } from '../h3/harness.ts'
import { foreignKey, issuer, jwks, mint, nowMs, signingKey, toJwk, toPem } from './token-factory.ts'

const other = 'https://clerk.brand.test'
const brand = { keys: [toJwk(foreignKey)] }
const silent = { warn() {}, error() {} }
const createKeys = () => createIssuerKeys({ [issuer]: { jwks }, [other]: createKeySource({ jwks: brand }) })
const code = (expected: string) => expect.objectContaining({ name: 'AuthError', code: expected })

describe('two Clerk instances behind one verifier', () => {
  // Both instances name their key by the same id.
  const verify = createTokenVerifier({ keys: createKeys(), clock: () => nowMs, logger: silent })

  it('accept the tokens of either, each by its own key', async () => {
    await expect(verify(mint())).resolves.toMatchObject({ userId: 'user_1', claims: { iss: issuer } })
    const token = mint({ key: foreignKey, claims: { iss: other, sub: 'user_2' } })
    for (let shown = 0; shown < 3; shown += 1) await expect(verify(token)).resolves.toMatchObject({ userId: 'user_2' })
  })

  it('never prove a token of one by the key of the other', async () => {
    await expect(verify(mint({ key: foreignKey }))).rejects.toEqual(code('token-signature'))
    await expect(verify(mint({ claims: { iss: other } }))).rejects.toEqual(code('token-signature'))
  })

  it.each([['https://clerk.third.test'], [`${issuer}/`], ['toString'], [undefined], [7]])(
    'refuse a token whose issuer is %j, and ask for no key',
    async (iss) => {
      await expect(verify(mint({ claims: { iss } }))).rejects.toEqual(code('token-claims'))
    },
  )

  it('keep what one has verified while the other changes its keys', async () => {
    const replaced = createKeySource({ jwtKey: toPem(signingKey) })
    const keys = createIssuerKeys({ [issuer]: { jwks }, [other]: replaced })
    expect(await keys.getKey('ins_2abc', {}, issuer)).toBe(await keys.getKey('ins_2abc', {}, issuer))
    expect(await keys.getKey('any', {}, other)).toBe(await replaced.getKey('any'))
  })

  it('are followed and closed together, though a source of your own is yours to close', () => {
    const own = createKeySource({ jwks })
    const unsubscribe = vi.fn<() => void>()
    const subscribe = vi.spyOn(own, 'subscribe').mockReturnValue(unsubscribe)
    const close = vi.spyOn(own, 'close')
    const keys = createIssuerKeys({ [issuer]: own, [other]: { jwks: brand } })
    const listener = () => {}
    const stop = keys.subscribe(listener)
    expect(subscribe).toHaveBeenCalledWith(listener)
    stop()
    expect(unsubscribe).toHaveBeenCalledOnce()
    keys.close()
    expect(close).not.toHaveBeenCalled()
  })

  it('are refused at construction if they cannot be used, by name', () => {
    expect(() => createIssuerKeys({})).toThrow('createIssuerKeys: there must be at least one issuer')
    expect(() => createIssuerKeys({ 'https://a.test/': { jwks } })).toThrow(
      'createIssuerKeys: https://a.test/ must be an issuer as tokens name it, such as https://a.test',
    )
    expect(() => createIssuerKeys({ [issuer]: { jwtKey: 'x' } })).toThrow(/^createIssuerKeys: .*: .*keys\.jwtKey/)
  })
})

describe('two Clerk instances behind one server', () => {
  it('sign in by either, with no further option', async () => {
    const now = Math.floor(Date.now() / 1_000)
    const dates = { azp: undefined, iat: now, nbf: now - 10, exp: now + 60 }
    const server = await startServer({ keys: createKeys(), claims: { issuer: [issuer, other] } })
    const [first, second] = [server.browser(), server.browser()]
    expect((await first.token(mint({ claims: dates }))).body).toMatchObject({ isSignedIn: true, userId: 'user_1' })
    const token = mint({ key: foreignKey, claims: { ...dates, iss: other, sub: 'user_2', sid: 'sess_2' } })
    expect((await second.token(token)).body).toMatchObject({ isSignedIn: true, userId: 'user_2' })
    const forged = mint({ key: foreignKey, claims: dates })
    expect((await server.browser().token(forged)).body.code).toBe('token-signature')
  })
})
