import { describe, expect, it } from 'vitest'
import { authErrors, isAuthError, toAuthError, type AuthErrorCode } from '../../machines/index.ts'
import { startServer } from './harness.ts'

const secret = 'postgres://admin:hunter2@db'

/** An error of another library whose fields happen to be like ours. */
const toForeign = (code: AuthErrorCode) =>
  Object.assign(new Error(secret), {
    code,
    retryable: authErrors[code].retryable,
    name: 'AuthError',
    retryAfter: 1_000,
  })

describe('an error of another library that looks like one of ours', () => {
  it.each<AuthErrorCode>(['not-found', 'forbidden', 'internal', 'store-unavailable', 'token-expired'])(
    'is not one of ours, whatever its code: %s',
    (code) => {
      expect(isAuthError(toForeign(code))).toBe(false)
      expect(toAuthError(toForeign(code))).toMatchObject({ code: 'internal', message: authErrors.internal.title })
    },
  )

  it('does not leak its message through any answer', async () => {
    const foreign = toForeign('not-found')
    const fail = () => {
      throw foreign
    }
    let isBroken = true
    const validate = () => !isBroken || fail()
    const server = await startServer({ claims: { issuer: 'https://clerk.example.test', validate } }, (app, auth) => {
      app.use('/api', auth.requireAuth({ check: fail }))
      app.get('/load', auth.onLoad(fail))
    })
    const token = server.mint()
    const posted = await server.browser().token(token)
    isBroken = false
    const answers = [
      posted,
      await server.send('/api', { headers: { authorization: `Bearer ${token}` } }),
      await server.send('/load'),
    ]
    expect(answers.map(({ status }) => status)).toEqual([401, 500, 500])
    for (const { body } of answers) {
      expect(JSON.stringify(body)).not.toContain('hunter2')
    }
  })
})
