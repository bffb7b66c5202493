import { describe, expect, it } from 'vitest'
import { verifyJws } from '../../adapters/jose/index.ts'
import { foreignKey, goodHeader, jwks, mint, signingKey, toJwk } from './token-factory.ts'

const code = (expected: string) => expect.objectContaining({ name: 'AuthError', code: expected })

/** The example of RS256 in RFC 7515, appendix A.2. Its header names no key. */
const rfc7515 = {
  compact:
    'eyJhbGciOiJSUzI1NiJ9' +
    '.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ' +
    '.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7' +
    't1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12' +
    'jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUP' +
    'QGe77Rw',
  jwk: {
    kty: 'RSA',
    n:
      'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pC' +
      'gNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg6' +
      '65xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRW' +
      'yuXpoQ',
    e: 'AQAB',
  },
}

describe('verifyJws', () => {
  it('verifies the RS256 example of RFC 7515, and no altered form of it', async () => {
    const { header, payload } = await verifyJws(rfc7515.compact, { jwks: { keys: [rfc7515.jwk] } })
    expect(header).toEqual({ alg: 'RS256' })
    expect(JSON.parse(Buffer.from(payload).toString())).toMatchObject({ iss: 'joe' })
    const altered = rfc7515.compact.replace('.eyJpc3Mi', '.eyJpc3Nj')
    await expect(verifyJws(altered, { jwks: { keys: [rfc7515.jwk] } })).rejects.toEqual(code('token-signature'))
  })

  it('gives any payload as bytes, and checks neither claims nor typ', async () => {
    const bytes = Uint8Array.from([0, 255, 10])
    const compact = mint({ header: { typ: 'JOSE' }, rawPayload: bytes })
    const { header, payload } = await verifyJws(compact, { jwks })
    expect(header).toEqual({ ...goodHeader, typ: 'JOSE' })
    expect([...payload]).toEqual([...bytes])
    expect((await verifyJws(mint({ rawPayload: '' }), { jwks })).payload.length).toBe(0)
  })

  it('uses the key that the header names, and does not guess among several', async () => {
    const both = { keys: [toJwk(signingKey, { kid: 'a' }), toJwk(foreignKey, { kid: 'b' })] }
    await expect(verifyJws(mint({ header: { kid: 'a' } }), { jwks: both })).resolves.toBeTruthy()
    await expect(verifyJws(mint({ header: { kid: 'b' } }), { jwks: both })).rejects.toEqual(code('token-signature'))
    await expect(verifyJws(mint({ header: { kid: 'c' } }), { jwks: both })).rejects.toEqual(code('key-not-found'))
    await expect(verifyJws(mint({ header: { kid: undefined } }), { jwks: both })).rejects.toEqual(code('key-not-found'))
    await expect(verifyJws(mint(), { jwks: { keys: [] } })).rejects.toEqual(code('key-not-found'))
  })

  it('rejects with a TypeError if jwks is not a key set', async () => {
    for (const bad of [undefined, null, {}, { keys: {} }, 'x']) {
      await expect(verifyJws(mint(), { jwks: bad as never })).rejects.toThrow(/^verifyJws: jwks /)
    }
  })
})
