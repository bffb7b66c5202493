import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { toAliases } from '../../adapters/hub/cookies/cookie-index.ts'
import { RequestBudget } from '../../adapters/hub/session/request-budget.ts'
import { TabSeqs } from '../../adapters/hub/session/tab-seqs.ts'
import { createMemorySessionStore } from '../../adapters/hub/store/memory-session-store.ts'
import type { SessionStore } from '../../adapters/hub/store/session-store.ts'
import { AuthError, type AuthView, type SessionRecord } from '../../machines/index.ts'
import { virtualEpoch } from '../kit/auth-fixtures.ts'
import { startHub, toToken, turn, usualLimits } from './hub-harness.ts'

describe('a renewal', () => {
  it('makes no abort signal, which would cost more than the check', async () => {
    const { open } = startHub()
    const browser = await open()
    await browser.token(toToken({}))
    let made = 0
    class CountedController extends AbortController {
      constructor() {
        super()
        made += 1
      }
    }
    vi.stubGlobal('AbortController', CountedController)
    onTestFinished(() => void vi.unstubAllGlobals())
    const { error } = await browser.token(toToken({ issuedAt: virtualEpoch + 1_000 }))
    expect([error, made]).toEqual([null, 0])
  })
})

describe("the frames of a session's streams", () => {
  it('are one view for all changes within a tick: a first token that verifies at once is one push', async () => {
    const { open } = startHub()
    const { views, token } = await open()
    await token(toToken({}))
    await turn()
    expect(views.map(({ state }) => state)).toEqual(['unchecked', 'signedIn'])
  })

  it('are encoded once for all streams', async () => {
    const encode = vi.fn<(view: AuthView) => string>((view) => JSON.stringify(view))
    const { hub, open } = startHub({ encode })
    const browser = await open()
    await browser.token(toToken({}))
    const cookieIds = [browser.cookie.id ?? '']
    const frames: string[] = []
    for (const tab of ['1', '2', '3', '4', '5']) {
      const opened = await hub.open({ cookieIds, tab, carried: [] })
      opened.attach({ tab, isBehind: false, send: (frame) => void frames.push(frame), end() {}, destroy() {} })
    }
    encode.mockClear()
    await browser.token(toToken({ orgId: 'org_2', issuedAt: virtualEpoch + 1_000 }))
    await turn()
    expect(encode).toHaveBeenCalledTimes(1)
    expect(new Set(frames.slice(-5)).size).toBe(1)
  })

  it('go to very many streams a few at a time, and a change in the meantime goes to all', async () => {
    const limits = { ...usualLimits, sessions: 1, streamsPerSession: 1_000, requestsPerSession: 1_000 }
    const { hub, open } = startHub({ limits })
    const browser = await open()
    await browser.token(toToken({}))
    const cookieIds = [browser.cookie.id ?? '']
    const seen = Array.from({ length: 300 }, () => [] as number[])
    for (const [n, frames] of seen.entries()) {
      const { attach } = await hub.open({ cookieIds, tab: `tab${n}`, carried: [] })
      attach({
        tab: `tab${n}`,
        isBehind: false,
        send: (frame) => frames.push(JSON.parse(frame).rev),
        end() {},
        destroy() {},
      })
    }
    for (const frames of seen) frames.length = 0
    await browser.token(toToken({ issuedAt: virtualEpoch + 1_000 }))
    await turn(2)
    const first = seen.filter((frames) => frames.length > 0).length
    expect(first).toBeGreaterThan(0)
    expect(first).toBeLessThan(seen.length)
    await browser.token(toToken({ issuedAt: virtualEpoch + 2_000 }))
    await turn(20)
    const last = (await browser.session())?.view().rev
    expect(seen.map((frames) => frames.at(-1))).toEqual(seen.map(() => last))
    // The streams that had not been sent the first of the two views do not get it.
    expect(seen.at(-1)).toEqual([last])
  })

  it('have a rev that rises with each change and with nothing else', async () => {
    const { open } = startHub()
    const browser = await open()
    const session = (await browser.session())!
    expect([session.view().rev, session.view().rev]).toEqual([1, 1])
    await browser.token(toToken({}))
    const { rev } = session.view()
    expect(rev).toBeGreaterThan(1)
    vi.setSystemTime(virtualEpoch + 5_000)
    expect(session.view()).toMatchObject({ rev, now: virtualEpoch + 5_000 })
    vi.setSystemTime(virtualEpoch + 120_000)
    expect(session.view()).toMatchObject({ rev: rev + 1, isSignedIn: false })
  })
})

describe('an expiry', () => {
  it('of very many sessions in one second counts at every read before a timer has ended one', async () => {
    const { hub, open } = startHub({ limits: { ...usualLimits, sessionsPerClerkSession: 100 } })
    const browsers = await Promise.all(Array.from({ length: 100 }, () => open()))
    for (const browser of browsers) await browser.token(toToken({}))
    const requests = browsers.map(({ cookie }) => ({ cookieIds: [cookie.id ?? ''] }))
    vi.setSystemTime(virtualEpoch + 120_000)
    expect(hub.stats().signedIn).toBe(100)
    const views = await Promise.all(requests.map((request) => hub.view(request)))
    expect(views.map((view) => view?.isSignedIn)).toEqual(views.map(() => false))
    const admissions = requests.map((request) => hub.admit({ ...request, carried: () => [], timeout: 0 }))
    for (const { view } of await Promise.all(admissions)) expect(view.isSignedIn).toBe(false)
    expect(requests.map((request) => hub.signal(request).aborted)).toEqual(requests.map(() => true))
    expect(hub.stats().signedIn).toBe(100)
  })
})

describe('revocation', () => {
  it.each([
    ['a session', { kind: 'session', id: 'sess_a' }],
    ['a user', { kind: 'user', id: 'user_a' }],
  ] as const)('of %s signs it out everywhere, gives the streams the reason, and ends them', async (_, target) => {
    const store = createMemorySessionStore()
    const [one, two] = [startHub({ store }), startHub({ store })]
    const here = await one.open()
    const there = await two.open()
    const bystander = await two.open()
    const token = toToken({})
    await here.token(token)
    await there.token(toToken({}))
    await bystander.token(toToken({ userId: 'user_b', sessionId: 'sess_b' }))
    await one.hub.revoke(target)
    for (const { views, stream } of [here, there]) {
      expect(views.at(-1)).toMatchObject({ state: 'signedOut', error: { code: 'session-revoked', retryable: false } })
      expect(stream.bye).toBe('revoked')
    }
    expect((await bystander.session())?.view().isSignedIn).toBe(true)
    expect((await two.hub.receive({ cookieIds: [], token })).error?.code).toBe('session-revoked')
  })

  it('of very many sessions tells the streams first, and ends the machines a few in each turn of the loop', async () => {
    const { hub, open } = startHub({ limits: { ...usualLimits, sessionsPerClerkSession: 100 } })
    const reasons: string[] = []
    const browsers = await Promise.all(Array.from({ length: 100 }, () => open()))
    for (const browser of browsers) await browser.token(toToken({}))
    await turn()
    hub.onAuthChange(({ reason }) => {
      reasons.push(reason)
      vi.advanceTimersByTime(1)
    })
    const revoked = hub.revoke({ kind: 'session', id: 'sess_a' })
    expect(browsers.map(({ stream }) => stream.bye)).toEqual(browsers.map(() => 'revoked'))
    // A slice is 10 ms long, and each listener takes one.
    expect(reasons.length).toBeLessThanOrEqual(11)
    for (const { views } of browsers) expect(views.at(-1)).toMatchObject({ state: 'signedOut' })
    await revoked
    await turn(20)
    expect(reasons).toEqual(browsers.map(() => 'revoked'))
    expect(hub.stats().signedIn).toBe(0)
  })

  it('of very many sessions counts at every read and for all running work before the machines are ended', async () => {
    const { hub, open } = startHub({ limits: { ...usualLimits, sessionsPerClerkSession: 100 } })
    const browsers = await Promise.all(Array.from({ length: 100 }, () => open()))
    for (const browser of browsers) await browser.token(toToken({}))
    const requests = browsers.map(({ cookie }) => ({ cookieIds: [cookie.id ?? ''] }))
    const signals = requests.map((request) => hub.signal(request))
    hub.onAuthChange(() => vi.advanceTimersByTime(1))
    const revoked = hub.revoke({ kind: 'session', id: 'sess_a' })
    expect(hub.stats().signedIn).toBeGreaterThan(80)
    expect(signals.map(({ aborted }) => aborted)).toEqual(signals.map(() => true))
    const [view, admission, renewal] = await Promise.all([
      hub.view(requests.at(-1)!),
      hub.admit({ ...requests.at(-1)!, carried: () => [], timeout: 0 }),
      hub.receive({ ...requests.at(-1)!, token: toToken({ issuedAt: virtualEpoch + 1_000 }) }),
    ])
    expect([view?.isSignedIn, admission.view.isSignedIn, renewal.error?.code]).toEqual([
      false,
      false,
      'session-revoked',
    ])
    await revoked
  })

  it('during the check of a token wins', async () => {
    const { hub, checks, open } = startHub({ held: true })
    const browser = await open()
    const posted = browser.token(toToken({}))
    await turn()
    await hub.revoke({ kind: 'user', id: 'user_a' })
    checks[0]?.settle()
    const { error, view } = await posted
    expect([error?.code, view.isSignedIn]).toEqual(['session-revoked', false])
  })
})

describe('a token that could not be decided', () => {
  it('signs in once the keys are back, and the cookie is rotated with the next answer', async () => {
    let isDown = true
    const { hub, open } = startHub({
      verify: async (token) => {
        if (isDown) throw new AuthError('keys-unavailable', undefined, { retryAfter: 7_000 })
        return JSON.parse(token.reveal())
      },
    })
    const browser = await open()
    const before = browser.cookie.id
    const token = toToken({})
    const { error, view } = await browser.token(token)
    expect([error?.code, error?.retryAfter, view.state]).toEqual(['keys-unavailable', 7_000, 'error'])
    isDown = false
    hub.retry()
    await vi.advanceTimersByTimeAsync(1_000)
    await turn()
    expect(browser.views.at(-1)).toMatchObject({ isSignedIn: true })
    await browser.token(token)
    expect(browser.cookie.id).not.toBe(before)
  })

  it('of a signed-in session ends nothing', async () => {
    let isDown = false
    const { open } = startHub({
      verify: async (token) => {
        if (isDown) throw new AuthError('keys-unavailable')
        return JSON.parse(token.reveal())
      },
    })
    const browser = await open()
    await browser.token(toToken({}))
    isDown = true
    const { error, view } = await browser.token(toToken({ orgId: 'org_2' }))
    expect([error?.code, view.isSignedIn, view.error?.code]).toEqual(['keys-unavailable', true, 'keys-unavailable'])
  })
})

describe('a sign-out', () => {
  it('is in the record only after its tombstone is stored, because a reader of the record takes it for acknowledged', async () => {
    const memory = createMemorySessionStore({ clock: () => Date.now() })
    let isDown = true
    const store: SessionStore = {
      ...memory,
      addTombstone: async (tombstone) => {
        const stored = memory.addTombstone(tombstone)
        if (isDown) throw new Error('down')
        await stored
      },
    }
    const browser = await startHub({ store }).open()
    await browser.token(toToken({}))
    const stored = async () => (await store.read(toAliases([browser.cookie.id ?? ''])[0] ?? ''))?.record.status
    expect((await browser.clear()).error?.code).toBe('store-unavailable')
    expect(await stored()).toBe('signedIn')
    isDown = false
    expect((await browser.clear()).error).toBeNull()
    expect(await stored()).toBe('signedOut')
  })
})

describe('a carried token', () => {
  it('signs nobody in if the browser signed out during its check', async () => {
    const { hub, checks, open } = startHub({ held: true })
    const browser = await open()
    const cookieIds = [browser.cookie.id ?? '']
    const opening = hub.open({ cookieIds, tab: 'tab', carried: [toToken({})] })
    await turn()
    await browser.clear()
    checks[0]?.settle()
    await opening
    expect((await browser.session())?.view().state).toBe('signedOut')
  })

  it('is verified once, although the machine has its own check', async () => {
    const harness = startHub()
    const opened = await harness.hub.open({ cookieIds: [], carried: [toToken({})] })
    expect(opened.cookieId).toBeDefined()
    expect([harness.verified, harness.hub.stats().signedIn]).toEqual([1, 1])
  })
})

describe('a store that lost its data', () => {
  it('gets the sessions again', async () => {
    const store = createMemorySessionStore()
    const { open } = startHub({ store })
    const browser = await open()
    await browser.token(toToken({}))
    const session = (await browser.session())!
    await store.remove(session.id, session.view().rev)
    const records: SessionRecord[] = []
    store.watch((change) => void (change.type === 'record' && records.push(change.record)))
    await browser.token(toToken({ orgId: 'org_2' }))
    expect(records).toMatchObject([{ id: session.id, status: 'signedIn', orgId: 'org_2' }])
  })
})

describe('the requests of a session', () => {
  it('are refilled evenly, and a clock that jumps back does not stop that', () => {
    const budget = new RequestBudget(60)
    for (let request = 0; request < 60; request += 1) budget.spend(1_000)
    expect(() => budget.spend(1_000)).toThrow(expect.objectContaining({ code: 'too-many-requests', retryAfter: 1_000 }))
    expect(() => budget.spend(1_500)).toThrow(expect.objectContaining({ retryAfter: 500 }))
    budget.spend(2_000)
    expect(() => budget.spend(-1_000_000)).toThrow(expect.objectContaining({ code: 'too-many-requests' }))
    budget.spend(-998_000)
  })
})

describe('the seqs of the tabs', () => {
  it('are kept for the last 64 tabs', () => {
    const seqs = new TabSeqs()
    for (let tab = 0; tab < 100; tab += 1) seqs.accept(`tab_${tab}`, 5)
    expect(Object.keys(seqs.toJSON())).toHaveLength(64)
    expect([seqs.accept('tab_99', 4), seqs.accept('tab_0', 4)]).toEqual([false, true])
  })

  it('may belong to a tab with the name __proto__', () => {
    const seqs = new TabSeqs()
    seqs.accept('__proto__', 5)
    expect(seqs.accept('__proto__', 4)).toBe(false)
    expect(Object.keys(seqs.toJSON())).toEqual(['__proto__'])
  })
})
