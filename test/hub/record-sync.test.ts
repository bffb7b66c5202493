import { afterEach, describe, expect, it, vi } from 'vitest'
import { LiveSession } from '../../adapters/hub/session/live-session.ts'
import { TabSeqs } from '../../adapters/hub/session/tab-seqs.ts'
import { createMemorySessionStore } from '../../adapters/hub/store/memory-session-store.ts'
import type { SessionStore, StoreChange, WriteOptions } from '../../adapters/hub/store/session-store.ts'
import type { SessionRecord } from '../../machines/index.ts'
import { createProfile, createProof } from '../kit/auth-fixtures.ts'
import { startHub, toToken, turn } from './hub-harness.ts'

const ada = createProof()
const toRenewal = (seconds = 1) => createProof({ issuedAt: ada.issuedAt + seconds * 1_000 })

type Write = (record: SessionRecord, options: WriteOptions) => ReturnType<SessionStore['write']>

/** A store whose writes the test can redirect from `inner`, with the stored records and the answers. */
function createStore(toWrite: (write: Write) => Write) {
  const inner = createMemorySessionStore({ clock: () => Date.now() })
  const stored: SessionRecord[] = []
  const answers: boolean[] = []
  const write: Write = async (record, options) => {
    const answer = await inner.write(record, options)
    answers.push(answer.written)
    if (answer.written) stored.push(record)
    return answer
  }
  return { inner, store: { ...inner, write: toWrite(write) } satisfies SessionStore, stored, answers }
}

/** Sends messages as a remote database does: as a copy, and before the answer. */
function tellCopies(store: SessionStore): SessionStore {
  const toCopy = (change: StoreChange) => JSON.parse(JSON.stringify(change)) as StoreChange
  return { ...store, watch: (listener) => store.watch((change) => listener(toCopy(change))) }
}

describe('the stored record of a session', () => {
  it.each(Array.from({ length: 12 }, (_, ticks) => ticks))(
    'is up to date even if the session changed while a write was ending: after %i turns',
    async (ticks) => {
      const { store, stored } = createStore((write) => async (record, options) => {
        for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve()
        return write(record, options)
      })
      const { open } = startHub({ store, loadUser: async () => createProfile() })
      const browser = await open()
      await browser.token(toToken(ada))
      await turn(10)
      expect((await browser.session())?.view().user).toEqual(createProfile())
      expect(stored.at(-1)?.user).toEqual(createProfile())
    },
  )

  it('is written by one call at a time, and again after an outage', async () => {
    let isDown = false
    let inTheAir = 0
    let most = 0
    const { store, stored, answers } = createStore((write) => async (record, options) => {
      most = Math.max(most, (inTheAir += 1))
      await turn(1)
      inTheAir -= 1
      if (isDown) throw new Error('The store does not answer')
      return write(record, options)
    })
    const { open } = startHub({ store })
    const browser = await open()
    await browser.token(toToken(ada))
    isDown = true
    await Promise.all([1, 2, 3].map((n) => browser.token(toToken(toRenewal(n)))))
    isDown = false
    await Promise.all([4, 5, 6].map((n) => browser.token(toToken(toRenewal(n)))))
    expect(stored.at(-1)?.issuedAt).toBe(toRenewal(6).issuedAt)
    expect([most, answers.every(Boolean)]).toEqual([1, true])
  })
})

describe("the message of a node's own write", () => {
  afterEach(() => vi.restoreAllMocks())

  it.each([
    ['the record itself', (store: SessionStore) => store],
    ['a copy', tellCopies],
  ])('is not applied again when it arrives %s', async (_, toTold) => {
    let heard = 0
    const views = vi.spyOn(LiveSession.prototype, 'view')
    const { store } = createStore((write) => async (record, options) => {
      const before = views.mock.calls.length
      const answer = await write(record, options)
      heard += views.mock.calls.length - before
      return answer
    })
    const { open } = startHub({ store: toTold(store) })
    const browser = await open()
    await browser.token(toToken(ada))
    const records = vi.spyOn(TabSeqs.prototype, 'toJSON')
    heard = 0
    await browser.token(toToken(toRenewal()))
    expect([heard, records.mock.calls.length]).toEqual([0, 1])
  })

  it.each([
    ['before the answer is lost', false, undefined],
    ['afterwards', true, 'store-unavailable'],
  ])('confirms the write if the answer was lost: heard %s', async (_, isLate, code) => {
    let isLost = false
    let letGo: (() => void)[] = []
    const { store, stored, answers } = createStore((write) => async (record, options) => {
      const answer = await write(record, options)
      if (isLost) throw new Error('The store did not answer')
      return answer
    })
    const told: SessionStore = {
      ...store,
      watch: (listener) =>
        tellCopies(store).watch((change) => {
          if (isLate) letGo.push(() => listener(change))
          else listener(change)
        }),
    }
    const { open } = startHub({ store: told })
    const browser = await open()
    isLost = true
    const { error } = await browser.token(toToken(ada))
    for (const hear of letGo) hear()
    letGo = []
    isLost = false
    expect(error?.code).toBe(code)
    // When the token comes again, it is recognised as the one whose proof was stored.
    expect((await browser.token(toToken(ada))).error).toBeNull()
    expect(stored).toHaveLength(1)
    await browser.token(toToken(toRenewal()))
    expect(answers).toEqual([true, true])
    expect(stored.at(-1)?.rev).toBeGreaterThan(stored[0]!.rev)
  })

  it("is not mistaken for another node's write at the same rev", async () => {
    let held: Promise<void> | null = null
    const sent: number[] = []
    const { inner, store, answers } = createStore((write) => async (record, options) => {
      sent.push(record.rev)
      await held
      return write(record, options)
    })
    const [here, there] = [startHub({ store: tellCopies(store) }), startHub({ store: tellCopies(inner) })]
    const browser = await here.open()
    await browser.token(toToken(ada))
    const cookieIds = [browser.cookie.id ?? '']
    const elsewhere: number[] = []
    inner.watch((change) => void (change.type === 'record' && elsewhere.push(change.record.rev)))
    let letGo = () => {}
    held = new Promise((resolve) => (letGo = resolve))
    const renewed = browser.token(toToken(toRenewal(1)))
    await turn()
    await there.hub.receive({ cookieIds, tab: 'other', token: toToken(toRenewal(2)) })
    expect(elsewhere).toEqual([sent.at(-1)])
    const { expiresAt } = toRenewal(2)
    expect((await browser.session())?.view().expiresAt).toBe(expiresAt)
    letGo()
    await renewed
    for (const { hub } of [here, there]) expect((await hub.find({ cookieIds }))?.view().expiresAt).toBe(expiresAt)
    expect(answers).toEqual([true, false])
  })
})
