import { describe, expect, it, vi } from 'vitest'
import { createActor, fromPromise, waitFor } from 'xstate'
import {
  AuthError,
  authErrors,
  authMachine,
  BearerToken,
  isAuthError,
  isAuthErrorCode,
  toAuthError,
  toErrorView,
  type AuthErrorCode,
  type VerifiedSession,
} from '../../machines/index.ts'

describe('AuthError', () => {
  it('takes its meaning from the one table', () => {
    const error = new AuthError('keys-unavailable', undefined, { retryAfter: 3_000, cause: new Error('ECONNREFUSED') })
    expect(toErrorView(error)).toEqual({
      code: 'keys-unavailable',
      message: authErrors['keys-unavailable'].title,
      retryable: true,
    })
    expect(error).toMatchObject({ name: 'AuthError', retryAfter: 3_000, cause: { message: 'ECONNREFUSED' } })
  })

  it('is recognised by its code, across copies of the package', async () => {
    vi.resetModules()
    const copy = await import('../../machines/auth-error.ts')
    const foreign = new copy.AuthError('token-expired')
    expect(foreign).not.toBeInstanceOf(AuthError)
    expect(isAuthError(foreign)).toBe(true)
    expect(toAuthError(foreign)).toBe(foreign)
    expect(isAuthError(foreign, 'token-expired')).toBe(true)
    expect(isAuthError(foreign, 'token-claims')).toBe(false)
    expect(isAuthError({ code: 'token-expired' })).toBe(false)
    expect(isAuthErrorCode('toString')).toBe(false)
  })

  it('does not include other errors that happen to have the same code', () => {
    const stored = Object.assign(new Error('5 NOT_FOUND: no document users/42'), { code: 'not-found' })
    expect(isAuthError(stored)).toBe(false)
    expect(toErrorView(toAuthError(stored))).toEqual({
      code: 'internal',
      message: authErrors.internal.title,
      retryable: true,
    })
    expect(toAuthError(Object.assign(new Error('connect 10.0.0.7'), { code: 'internal' })).message).toBe(
      authErrors.internal.title,
    )
  })

  it('wraps an unknown error as internal, with the cause and without its text', () => {
    const cause = new Error('secret')
    expect(toAuthError(cause)).toMatchObject({ code: 'internal', message: authErrors.internal.title, cause })
    expect(toAuthError(Object.assign(new Error('socket'), { code: 'ECONNRESET' })).code).toBe('internal')
  })

  it('of a check leaves the session undecided if the server failed, and signs it out for every other reason', async () => {
    const ends = new Map<string, unknown>()
    for (const code of Object.keys(authErrors) as AuthErrorCode[]) {
      const verifyToken = fromPromise<VerifiedSession, { token: BearerToken }>(() =>
        Promise.reject(new AuthError(code)),
      )
      const actor = createActor(authMachine.provide({ actors: { verifyToken } })).start()
      actor.send({ type: 'token.received', token: new BearerToken('a.b.c') })
      const { value } = await waitFor(actor, ({ value }) => value !== 'verifying')
      ends.set(code, value)
      actor.stop()
    }
    const undecided = [...ends].flatMap(([code, value]) => (value === 'error' ? [code] : []))
    expect(undecided).toEqual(['keys-unavailable', 'verify-timeout', 'internal'])
    expect(new Set(ends.values())).toEqual(new Set(['error', 'signedOut']))
  })
})
