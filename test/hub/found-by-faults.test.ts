import { describe, expect, it } from 'vitest'
import { createMemorySessionStore } from '../../adapters/hub/memory-session-store.ts'
import { createProof } from '../kit/auth-fixtures.ts'
import { startHub, toToken, turn } from './hub-harness.ts'

describe('what the simulation of faults has found', () => {
  it('a sign-out at a node whose clock says that the session is over ends it on the others too', async () => {
    const store = createMemorySessionStore({ clock: () => Date.now() })
    const here = startHub({ store })
    const ahead = startHub({ store, clock: () => Date.now() + 600_000 })
    const browser = await here.open()
    await browser.token(toToken({}))
    const { sessionId } = createProof()
    const cookieIds = [browser.cookie.id ?? '']
    const { error, view } = await ahead.hub.clear({ cookieIds, tab: 'tab', sessionId })
    expect({ error, isSignedIn: view.isSignedIn }).toEqual({ error: null, isSignedIn: false })
    await turn()
    expect((await browser.session())?.view().isSignedIn ?? false).toBe(false)
    expect(store.buried(createProof())).toBe('token-superseded')
  })

  it('what is stored has a higher rev than whatever a single node has seen since', async () => {
    const store = createMemorySessionStore({ clock: () => Date.now() })
    const here = startHub({ store })
    const there = startHub({ store })
    const browser = await here.open()
    await browser.token(toToken({}))
    const cookieIds = [browser.cookie.id ?? '']
    await browser.clear()
    for (let round = 0; round < 20; round += 1)
      await there.hub.receive({ cookieIds, token: toToken(null), tab: 'other' })
    const before = (await there.hub.find({ cookieIds }))?.view().rev ?? 0
    expect(before).toBeGreaterThan(0)
    const { view } = await browser.token(toToken({ sessionId: 'sess_later' }))
    expect(view).toMatchObject({ isSignedIn: true, sessionId: 'sess_later' })
    expect(view.rev).toBeGreaterThan(before)
  })
})
