import { describe, expect, it, vi } from 'vitest'
import { createProof } from '../kit/auth-fixtures.ts'
import { startHub, toToken, usualLimits } from './hub-harness.ts'

const limits = { ...usualLimits, sessionsPerClerkSession: 2, sessionsPerUser: 2 }
const verifyTimeout = 5_000

describe('the place that a session reserves before it signs in', () => {
  it('is not taken by a check that ends after the answer was given up', async () => {
    const { hub, checks } = startHub({ held: true, limits })
    const post = () => hub.receive({ cookieIds: [], token: toToken(createProof({ issuedAt: Date.now() })) })
    for (let late = 0; late < limits.sessionsPerClerkSession; late += 1) {
      const answer = post()
      await vi.advanceTimersByTimeAsync(verifyTimeout)
      expect((await answer).error?.code).toBe('verify-timeout')
      checks.at(-1)!.settle()
      await vi.advanceTimersByTimeAsync(10)
    }
    const answer = post()
    await vi.advanceTimersByTimeAsync(10)
    checks.at(-1)!.settle()
    await vi.advanceTimersByTimeAsync(10)
    expect(await answer).toMatchObject({ error: null, view: { isSignedIn: true } })
  })
})
