import { describe, expect, it, vi } from 'vitest'
import { createSessionRegistry } from '../../adapters/hub/node/session-registry.ts'
import { recentFor } from '../../adapters/hub/node/spare-sessions.ts'
import { createMemorySessionStore } from '../../adapters/hub/store/memory-session-store.ts'
import { AuthError, type VerifiedSession } from '../../machines/index.ts'
import { createProof } from '../kit/auth-fixtures.ts'
import { startHub, toToken, usualLimits } from './hub-harness.ts'

const limits = { ...usualLimits, sessionsPerClerkSession: 2, sessionsPerUser: 2 }
const verifyTimeout = 5_000

describe('the place that a session reserves before it signs in', () => {
  it('is not taken by a check that ends after its answer was given up', async () => {
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

  it('is not counted in addition to the session while its proof is stored', async () => {
    const base = createMemorySessionStore({ clock: () => Date.now() })
    const write: typeof base.write = async (...args) => {
      await new Promise((resolve) => setTimeout(resolve, 500))
      return base.write(...args)
    }
    const { hub } = startHub({ store: { ...base, write }, limits })
    const first = hub.receive({ cookieIds: [], token: toToken(createProof()) })
    await vi.advanceTimersByTimeAsync(10)
    const second = hub.receive({ cookieIds: [], token: toToken(createProof()) })
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await Promise.all([first, second])).toMatchObject([{ error: null }, { error: null }])
  })

  it('is not counted in addition to a session whose token waited for keys', async () => {
    let hasKeys = false
    const { hub, open } = startHub({
      limits,
      async verify(token) {
        if (!hasKeys) throw new AuthError('keys-unavailable')
        return JSON.parse(token.reveal()) as VerifiedSession
      },
    })
    const long = () => toToken(createProof({ expiresAt: Date.now() + 600_000 }))
    const browser = await open()
    expect((await browser.token(long())).error?.code).toBe('keys-unavailable')
    hasKeys = true
    hub.retry()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(hub.stats().signedIn).toBe(1)
    expect((await hub.receive({ cookieIds: [], token: long() })).error).toBeNull()
  })

  it('is kept while the session is still signed in as another user', async () => {
    const { open } = startHub()
    const [switching, rival] = [await open(), await open()]
    await switching.token(toToken(createProof()))
    const [first, second] = [(await switching.session())!, (await rival.session())!]
    const one = { sessions: 10, sessionsPerClerkSession: 1, sessionsPerUser: 1 }
    const registry = createSessionRegistry({ limits: one, onEnd() {} })
    registry.add(first)
    registry.reserve(first, { userId: 'user_b', sessionId: 'sess_b' })
    registry.reconsider(first)
    expect(() => registry.reserve(second, { userId: 'user_b', sessionId: 'sess_b' })).toThrow(
      expect.objectContaining({ code: 'too-many-sessions' }),
    )
  })
})

describe('a session that a node reads from the store', () => {
  it('takes the place of a spare one of its Clerk session, and none that is in use', async () => {
    const store = createMemorySessionStore({ clock: () => Date.now() })
    const [here, there] = [startHub({ store, limits }), startHub({ store, limits })]
    const elsewhere = await there.open('elsewhere')
    await elsewhere.token(toToken({}))
    const browsers = [await here.open('first'), await here.open('second')]
    for (const browser of browsers) await browser.token(toToken({}))
    const read = () => here.hub.view({ cookieIds: [elsewhere.cookie.id ?? ''] })
    await expect(read()).rejects.toMatchObject({ code: 'too-many-sessions' })
    expect(here.hub.stats().signedIn).toBe(2)
    browsers[0]!.detach()
    await vi.advanceTimersByTimeAsync(recentFor)
    expect(here.hub.stats().signedIn).toBe(2)
    expect((await read())?.isSignedIn).toBe(true)
    expect(here.hub.stats().signedIn).toBe(2)
  })
})
