import { describe, expect, it } from 'vitest'
import { ada, bob, createWorld, settle, statusOf } from './world.ts'

describe('the assertion of a tab', () => {
  it('Y1: acts once Clerk is loaded and the stream is open, in either order', async () => {
    for (const isClerkFirst of [true, false]) {
      const { server, openTab } = createWorld()
      const tab = openTab()
      if (isClerkFirst) tab.clerkSays(ada)
      else tab.send({ type: 'client.started' })
      await settle()
      expect(tab.state).toBe(isClerkFirst ? 'closed | fetchingToken.waitingForStream' : 'open | waitingForClerk')
      expect(server.posts).toHaveLength(0)
      if (isClerkFirst) tab.send({ type: 'client.started' })
      else tab.clerkSays(ada)
      await settle()
      expect(tab.state).toBe('open | confirmed')
      expect(server.posts).toHaveLength(1)
    }
  })

  it('Y2: signed in sends the token, signed out the clear, each acknowledged', async () => {
    const { server, openTab } = createWorld()
    const tab = await openTab().start(ada)
    expect(tab.context.view).toMatchObject({ state: 'signedIn', userId: 'user_ada' })
    tab.clerkSays(null)
    await settle()
    expect(tab.state).toBe('open | signedOut')
    expect(tab.context.view).toMatchObject({ state: 'signedOut', userId: null })
    expect(server.posts.map(({ event }) => event.type)).toEqual(['token.received', 'session.cleared'])
  })

  it('Y3: repeats nothing that is acknowledged, and asserts itself again after a reconnect that lost the session', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    tab.clerkSays({ ...ada })
    tab.focus()
    await pass(10_000)
    expect(server.posts).toHaveLength(1)
    server.restart()
    await pass(2_000)
    expect(tab.state).toBe('open | confirmed')
    expect(server.posts).toHaveLength(2)
  })

  it('posts nothing if the first view already shows its identity', async () => {
    const { server, openTab } = createWorld()
    await openTab('a').start(ada)
    const tab = await openTab('b').start(ada)
    expect(tab.state).toBe('open | confirmed')
    expect(server.posts).toHaveLength(1)
  })

  it('a reconnect to a session that still shows its identity costs no post', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    server.drop()
    await pass(2_000)
    expect(tab.state).toBe('open | confirmed')
    expect(server.connects).toHaveLength(2)
    expect(server.posts).toHaveLength(1)
  })

  it('another user, Clerk session or organization is sent at once, never a clear between', async () => {
    const { server, openTab } = createWorld()
    const tab = await openTab().start(ada)
    for (const identity of [bob, { ...bob, sessionId: 'sess_3' }, { ...bob, sessionId: 'sess_3', orgId: 'org_1' }]) {
      tab.clerkSays(identity)
      await settle()
      expect(server.view).toMatchObject({
        userId: identity.userId,
        sessionId: identity.sessionId,
        orgId: identity.orgId,
      })
    }
    expect(server.posts.every(({ event }) => event.type === 'token.received')).toBe(true)
    expect(server.posts).toHaveLength(4)
  })

  it('a new role in the same organization is sent with a fresh token', async () => {
    const { openTab } = createWorld()
    const member = { ...ada, orgId: 'org_1', orgRole: 'org:member' }
    const tab = await openTab().start(member)
    tab.clerkSays({ ...member, orgRole: 'org:admin' })
    await settle()
    expect(tab.clerk.calls.at(-1)?.skipCache).toBe(true)
    expect(tab.context.view.orgRole).toBe('org:admin')
  })

  it('waits while Clerk changes sessions and names nobody', async () => {
    const { server, openTab } = createWorld()
    const tab = await openTab().start(ada)
    tab.clerkSays(undefined)
    await settle()
    expect(tab.state).toBe('open | waitingForClerk')
    tab.clerkSays(ada)
    await settle()
    expect(tab.state).toBe('open | confirmed')
    expect(server.posts).toHaveLength(1)
  })

  it('waits for the post in progress when Clerk changes, for 2 s at most, and numbers the next one higher', async () => {
    const { server, openTab, pass } = createWorld()
    server.isMute = true
    const tab = await openTab().start(ada)
    expect(tab.state).toBe('open | posting')
    server.isMute = false
    tab.clerkSays(bob)
    await pass(1_900)
    expect(server.posts).toHaveLength(1)
    await pass(200)
    expect(server.view).toMatchObject({ userId: 'user_bob' })
    expect(server.posts.map(({ event }) => event.seq)).toEqual([1, 2])
  })
})

describe('a clear', () => {
  it('names the Clerk session that it ends, so that it cannot end a later one', async () => {
    const { server, openTab } = createWorld()
    const first = await openTab('first').start(ada)
    const second = await openTab('second').start(ada)
    second.clerkSays(bob)
    await settle()
    first.clerkSays(null)
    await settle()
    expect(server.posts.at(-1)?.event).toMatchObject({ type: 'session.cleared', sessionId: 'sess_1', tab: 'first' })
    expect(server.view).toMatchObject({ isSignedIn: true, userId: 'user_bob' })
    expect(first.state).toBe('open | signedOut')
  })

  it('ends the session that the server still shows when Clerk loads signed out', async () => {
    const { server, openTab } = createWorld()
    await openTab('gone').start(ada)
    await openTab('reloaded').start(null)
    expect(server.posts.at(-1)?.event).toMatchObject({ type: 'session.cleared', sessionId: 'sess_1', tab: 'reloaded' })
  })

  it('makes an unchecked view a verdict when Clerk loads signed out, and leaves a signed-out view alone', async () => {
    const { server, openTab } = createWorld()
    await openTab('first').start(null)
    expect(server.view?.state).toBe('signedOut')
    await openTab('second').start(null)
    expect(server.posts).toHaveLength(1)
  })

  it('takes the word of a node that does not know the session of the stream, and asks again after a reconnect', async () => {
    const { server, openTab, pass } = createWorld()
    server.isClearElsewhere = true
    const tab = await openTab().start(null)
    await pass(1_000)
    expect(tab.state).toBe('open | signedOut')
    expect(statusOf(tab)).toBe('unauthenticated')
    server.show({ timedOut: true })
    await settle()
    expect(statusOf(tab)).toBe('unauthenticated')
    expect([server.connects.length, server.posts.length]).toEqual([1, 1])
    server.restart()
    await pass(2_000)
    expect(statusOf(tab)).toBe('unauthenticated')
    expect([server.connects.length, server.posts.length]).toEqual([2, 2])
    await openTab('other').start(ada)
    await settle()
    expect(tab.context.view).toMatchObject({ state: 'signedIn', userId: 'user_ada' })
  })

  it('is never sent because another tab signed in', async () => {
    const { server, openTab, pass } = createWorld()
    const stale = await openTab('stale').start(null)
    await openTab('live').start(ada)
    stale.focus()
    server.drop()
    await pass(5_000)
    expect(server.view).toMatchObject({ isSignedIn: true })
    expect(stale.state).toBe('open | signedOut')
    expect(server.posts.filter(({ event }) => event.type === 'session.cleared')).toHaveLength(1)
  })

  it.each(['unchecked', 'error'] as const)('is sent after a reconnect if the view is %s', async (state) => {
    const { server, openTab, pass } = createWorld()
    await openTab().start(null)
    expect(server.posts).toHaveLength(1)
    server.show({ state, authChecked: false })
    await pass(1_000)
    expect(server.posts).toHaveLength(1)
    server.drop()
    await pass(2_000)
    expect(server.posts).toHaveLength(2)
    expect(server.view?.state).toBe('signedOut')
  })

  it('waits for a check in progress', async () => {
    const { server, openTab, pass } = createWorld()
    const other = await openTab('other').start(undefined)
    server.show({ state: 'verifying' })
    const tab = await openTab().start(null)
    await pass(1_000)
    expect(server.posts).toHaveLength(0)
    server.show({ state: 'unchecked' })
    await settle()
    expect(server.posts).toHaveLength(1)
    expect([tab.state, other.state]).toEqual(['open | signedOut', 'open | waitingForClerk'])
  })

  it('is repeated until it is acknowledged, even across a reload of Clerk', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    server.isMute = true
    tab.clerkSays(null)
    await settle()
    tab.clerkSays(undefined)
    await settle()
    server.isMute = false
    tab.clerkSays(null)
    await pass(3_000)
    expect(server.posts.slice(1).map(({ event }) => event)).toMatchObject([
      { type: 'session.cleared', sessionId: 'sess_1', seq: 2 },
      { type: 'session.cleared', sessionId: 'sess_1', seq: 3 },
    ])
    expect(server.view?.state).toBe('signedOut')
  })
})
