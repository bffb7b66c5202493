import { afterEach, describe, expect, it, vi } from 'vitest'
import { ViewStreams } from '../../adapters/hub/session/view-streams.ts'
import { createMemorySessionStore } from '../../adapters/hub/store/memory-session-store.ts'
import { startHub, toToken, turn, usualLimits } from './hub-harness.ts'

const sessions = 200
const full = { code: 'at-capacity' }

/** A hub with as many sessions as it may hold, each with a stream. */
async function startFull(options: Parameters<typeof startHub>[0] = {}) {
  const harness = startHub({ limits: { ...usualLimits, sessions, requestsPerSession: 1_000 }, ...options })
  const browsers: Awaited<ReturnType<typeof harness.open>>[] = []
  for (let tab = 0; tab < sessions; tab += 1) browsers.push(await harness.open(`tab${tab}`))
  return { ...harness, browsers }
}

/** Counts how often the hub looks whether a session has a reader. */
const countLooks = () => vi.spyOn(ViewStreams.prototype, 'size', 'get')

describe('a hub with its full number of sessions', () => {
  afterEach(() => vi.restoreAllMocks())

  it('refuses a new session without looking at every session', async () => {
    const { hub, open } = await startFull()
    const looks = countLooks()
    for (let newcomer = 0; newcomer < 10; newcomer += 1) await expect(open()).rejects.toMatchObject(full)
    expect(hub.stats().sessions).toBe(sessions)
    looks.mockClear()
    await expect(open()).rejects.toMatchObject(full)
    expect(looks.mock.calls.length).toBeLessThan(10)
  })

  it('ends the session with the oldest last use, and none with a stream, a request or a sign-in', async () => {
    const { browsers, open, hub } = await startFull()
    const ask = (n: number) => hub.find({ cookieIds: [browsers[n]?.cookie.id ?? ''] })
    await browsers[7]!.token(toToken({}))
    for (const n of [7, 150, 20, 3]) {
      browsers[n]!.detach()
      await vi.advanceTimersByTimeAsync(100)
    }
    await open('new1')
    expect([await ask(150), (await ask(20)) !== null, (await ask(3)) !== null]).toEqual([null, true, true])
    const back = await open('back', browsers[20]!.cookie.id)
    await open('new2')
    expect([await ask(3), (await ask(20)) !== null]).toEqual([null, true])
    await expect(open('new3')).rejects.toMatchObject(full)
    back.detach()
    await open('new4')
    expect(await ask(20)).toBeNull()
    expect((await ask(7))?.view().isSignedIn).toBe(true)
    expect(hub.stats()).toMatchObject({ sessions, signedIn: 1 })
  })

  it('looks at no more sessions for a sign-in, and ends the streams of the oldest if no other is left', async () => {
    const { hub, browsers } = await startFull()
    browsers[9]!.detach()
    const looks = countLooks()
    const signIn = async (sessionId: string) => {
      looks.mockClear()
      const { view, cookieId = '' } = await hub.receive({ cookieIds: [], token: toToken({ sessionId }) })
      expect(view).toMatchObject({ isSignedIn: true, sessionId })
      expect(looks.mock.calls.length).toBeLessThan(20)
      await hub.find({ cookieIds: [cookieId] })
      return browsers.flatMap(({ stream }, n) => (stream.bye ? [[n, stream.bye]] : []))
    }
    expect(await signIn('sess_1')).toEqual([])
    expect(await signIn('sess_2')).toEqual([[0, 'closing']])
  })

  it('keeps a session whose token is being checked, even without a stream', async () => {
    const { hub, browsers, checks } = await startFull({ held: true })
    browsers[0]!.detach()
    const worked = browsers[0]!.token(toToken({}))
    const newcomer = hub.receive({ cookieIds: [], token: toToken({ sessionId: 'sess_new' }) })
    await turn()
    checks[1]!.settle()
    expect((await newcomer).view.sessionId).toBe('sess_new')
    checks[0]!.settle()
    expect((await worked).view.isSignedIn).toBe(true)
    expect(browsers.flatMap(({ stream }, n) => (stream.bye ? [n] : []))).toEqual([1])
  })

  it('keeps a signed-in session that another node holds and this one may soon forget', async () => {
    const store = createMemorySessionStore({ clock: () => Date.now() })
    const { hub, open, browsers } = await startFull({ store })
    const elsewhere = await startHub({ store }).open()
    await elsewhere.token(toToken({}))
    const cookieIds = [elsewhere.cookie.id ?? '']
    browsers[0]!.detach()
    const guest = await hub.find({ cookieIds })
    expect(guest?.view().isSignedIn).toBe(true)
    await expect(open()).rejects.toMatchObject(full)
    expect(await hub.find({ cookieIds })).toBe(guest)
  })
})

describe('a session that another node holds and that has a signal here', () => {
  it.each([undefined, { impersonation: false }])(
    'is not the first to end for another session of its user: %j',
    async (rule) => {
      const options = { store: createMemorySessionStore({ clock: () => Date.now() }) }
      const { hub } = startHub({ ...options, limits: { ...usualLimits, sessionsPerUser: 1 } })
      const elsewhere = await startHub(options).open()
      const long = (sessionId: string) => toToken({ sessionId, expiresAt: Date.now() + 600_000 })
      await elsewhere.token(long('sess_1'))
      const request = { cookieIds: [elsewhere.cookie.id ?? ''] }
      await hub.find(request)
      const signal = hub.signal(request, rule)
      await vi.advanceTimersByTimeAsync(1_000)
      const { error } = await hub.receive({ cookieIds: [], token: long('sess_2') })
      expect([error?.code, signal.aborted]).toEqual(['too-many-sessions', false])
    },
  )
})

describe('the sessions of one address', () => {
  const address = 'the way out of an office'
  const long = (sessionId: string) => toToken({ sessionId, expiresAt: Date.now() + 600_000 })

  async function startOffice() {
    const { hub } = startHub({ limits: { ...usualLimits, sessionsPerAddress: 2 } })
    const signIn = async (sessionId: string) => {
      const { error, cookieId = '' } = await hub.receive({ cookieIds: [], address, token: long(sessionId) })
      return { error, cookieIds: [cookieId] }
    }
    const isIn = async (request: { cookieIds: string[] }) => (await hub.find(request))?.view().isSignedIn === true
    return { signIn, isIn, open: () => hub.open({ cookieIds: [], carried: [], address }) }
  }

  it('do not end for an anonymous one, once they are signed in and their cookie has come back', async () => {
    const { signIn, isIn, open } = await startOffice()
    const both = [await signIn('sess_1'), await signIn('sess_2')]
    for (const each of both) expect(await isIn(each)).toBe(true)
    await vi.advanceTimersByTimeAsync(31_000)
    await expect(open()).rejects.toMatchObject({ code: 'too-many-sessions' })
    for (const each of both) expect(await isIn(each)).toBe(true)
  })

  it('end for an anonymous one if they are anonymous too, or their cookie never came back', async () => {
    const { signIn, isIn, open } = await startOffice()
    const claimed = await signIn('sess_1')
    expect(await isIn(claimed)).toBe(true)
    const unclaimed = await signIn('sess_2')
    await vi.advanceTimersByTimeAsync(1_000)
    await open()
    expect(await isIn(unclaimed)).toBe(false)
    await vi.advanceTimersByTimeAsync(1_000)
    await open()
    expect(await isIn(claimed)).toBe(true)
  })

  it('end for a signed-in one if they are no longer in use', async () => {
    const { signIn, isIn } = await startOffice()
    const [first, second] = [await signIn('sess_1'), await signIn('sess_2')]
    for (const each of [first, second]) expect(await isIn(each)).toBe(true)
    await vi.advanceTimersByTimeAsync(31_000)
    expect((await signIn('sess_3')).error).toBeNull()
    expect([await isIn(first), await isIn(second)]).toEqual([false, true])
  })

  it('end for one who signs in where they are anonymous, though each has a stream, the oldest first', async () => {
    const { signIn, isIn, open } = await startOffice()
    const byes: string[] = []
    for (const tab of ['first', 'second']) {
      const stream = { tab, isBehind: false, send() {}, end: () => void byes.push(tab), destroy() {} }
      ;(await open()).attach(stream)
    }
    await expect(open()).rejects.toMatchObject({ code: 'too-many-sessions' })
    const one = await signIn('sess_1')
    expect(one.error).toBeNull()
    expect([await isIn(one), byes]).toEqual([true, ['first']])
    const two = await signIn('sess_2')
    expect([await isIn(two), await isIn(one), byes]).toEqual([true, true, ['first', 'second']])
    await expect(signIn('sess_3')).rejects.toMatchObject({ code: 'too-many-sessions' })
  })
})
