import { describe, expect, it } from 'vitest'
import {
  addToHistory,
  authErrors,
  authReasons,
  createHistory,
  toTransitions,
  toUncheckedView,
  type AuthErrorCode,
  type AuthHistory,
  type AuthView,
} from '../../machines/index.ts'
import { virtualEpoch } from '../kit/auth-fixtures.ts'

/** Makes a view of `ms` after the epoch. */
const at = (ms: number, view: Partial<AuthView> = {}): AuthView => ({ ...toUncheckedView(virtualEpoch + ms), ...view })
const signedIn = (ms: number, issued = ms): AuthView =>
  at(ms, {
    state: 'signedIn',
    authChecked: true,
    isSignedIn: true,
    userId: 'user_a',
    sessionId: 'sess_a',
    claims: { iat: issued },
    expiresAt: virtualEpoch + issued + 60_000,
  })
const failed = (ms: number, state: AuthView['state'], code: AuthErrorCode): AuthView =>
  at(ms, { state, error: { code, message: '', retryable: true } })

const start = createHistory(at(0))
const follow = (views: readonly AuthView[], history: AuthHistory = start) =>
  views.reduce((sofar, view) => addToHistory(sofar, view), history)
const steps = (history: AuthHistory) => toTransitions(history).map(({ from, to, code }) => `${from} > ${to} ${code}`)

describe('the history of a session', () => {
  it('gives the reason from one view to the next, and nothing if nothing changed', () => {
    const history = follow([
      at(100, { timedOut: true }),
      at(150, { timedOut: true }),
      at(200, { timedOut: true, state: 'verifying' }),
      signedIn(300),
      signedIn(400, 300),
      signedIn(60_300, 300),
      signedIn(60_400),
      failed(200_000, 'signedOut', 'token-expired'),
    ])
    expect(steps(history)).toEqual([
      'unchecked.waiting > unchecked.timedOut wait-timed-out',
      'unchecked.timedOut > verifying check-started',
      'verifying > signedIn.current token-accepted',
      // The fixture makes new claims with every view, so that the fifth is a renewal.
      'signedIn.current > signedIn.current token-renewed',
      'signedIn.current > signedIn.stale token-renewed',
      'signedIn.stale > signedIn.current token-renewed',
      'signedIn.current > signedOut token-expired',
    ])
  })

  it('counts renewals in a row as one entry', () => {
    const before = follow([at(10, { state: 'verifying' }), signedIn(20)])
    const renewals = Array.from({ length: 5_000 }, (_, index) => signedIn(50_000 * (index + 1)))
    const history = follow(renewals, before)
    expect(history.packed.length).toBeLessThan(before.packed.length + 30)
    expect(toTransitions(history)).toHaveLength(3)
    expect(toTransitions(history).at(-1)).toEqual({
      from: 'signedIn.current',
      to: 'signedIn.current',
      code: 'token-renewed',
      count: 5_000,
      since: virtualEpoch + 50_000,
      at: virtualEpoch + 250_000_000,
    })
  })

  it('counts alternating steps as two, so that an outage does not push out the earlier history', () => {
    const outage = Array.from({ length: 200 }, (_, index) => [
      failed(1_000 * index + 100, 'error', 'keys-unavailable'),
      failed(1_000 * index + 600, 'verifying', 'keys-unavailable'),
    ]).flat()
    const history = follow(outage, follow([at(10, { state: 'verifying' })]))
    expect(toTransitions(history)).toMatchObject([
      { code: 'check-started', from: 'unchecked.waiting', count: 1 },
      { code: 'keys-unavailable', to: 'error', count: 200, since: virtualEpoch + 100, at: virtualEpoch + 199_100 },
      { code: 'check-started', from: 'error', count: 200 },
    ])
  })

  it('keeps the last 20', () => {
    const codes = (Object.keys(authErrors) as AuthErrorCode[]).slice(0, 30)
    const history = follow(codes.map((code, index) => failed(index, 'signedOut', code)))
    expect(toTransitions(history).map(({ code }) => code)).toEqual(codes.slice(10))
    expect(history.packed.length).toBeLessThan(20 * 20)
  })

  it('gives every reason and label back unchanged', () => {
    for (const code of authReasons.filter((reason): reason is AuthErrorCode => Object.hasOwn(authErrors, reason))) {
      expect(toTransitions(follow([failed(1, 'error', code)]))).toEqual([
        { from: 'unchecked.waiting', to: 'error', code, count: 1, at: virtualEpoch + 1, since: virtualEpoch + 1 },
      ])
    }
  })

  it('takes from the host what the views do not show', () => {
    expect(toTransitions(addToHistory(start, signedIn(1), true))).toMatchObject([{ code: 'session-adopted' }])
    expect(toTransitions(addToHistory(start, signedIn(1), false))).toMatchObject([{ code: 'token-accepted' }])
    const other = { ...signedIn(2), sessionId: 'sess_b' }
    expect(toTransitions(addToHistory(follow([signedIn(1)]), other)).at(-1)?.code).toBe('session-switched')
  })
})
