import { describe, expect, it } from 'vitest'
import { toError } from './model-server.ts'
import { ada, bob, createWorld, settle, statusOf } from './world.ts'

const second = 1_000
const hour = 3_600 * second

describe('bugs that the simulation of faults has found', () => {
  it('a sign-out also ends the earlier session if the server never heard of the last one', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    server.isMute = true
    tab.clerkSays(bob)
    await settle()
    tab.clerkSays(null)
    await settle()
    server.isMute = false
    await pass(20 * second)
    expect(server.view).toMatchObject({ isSignedIn: false })
    expect(tab.state).toBe('backoff | signedOut')
    const clears = server.posts.flatMap(({ event }) => ('sessionId' in event ? [event.sessionId] : []))
    expect([...new Set(clears)]).toEqual([bob.sessionId, ada.sessionId])
  })

  it('a sign-out does not affect a user whom another tab has signed in meanwhile', async () => {
    const { server, openTab } = createWorld()
    const tab = await openTab('a').start(ada)
    const other = await openTab('b').start(ada)
    other.clerkSays(bob)
    await settle()
    tab.clerkSays(null)
    await settle()
    expect(server.view).toMatchObject({ isSignedIn: true, sessionId: bob.sessionId })
  })

  it('an answer without a session makes a tab leave its stream, because the cookie no longer leads there', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    const { post } = server
    server.post = async (...request) => ({ ...(await post(...request)), channel: '', rev: 0 })
    tab.clerkSays(null)
    await pass(second)
    expect(server.connects).toHaveLength(2)
    expect(tab.state).toBe('open | signedOut')
  })

  it('a reconnect whose first view has another organization and expiry makes the tab assert its own', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start({ ...ada, orgId: 'org_1' })
    server.drop()
    await settle()
    server.show({ orgId: null, expiresAt: (server.view?.expiresAt ?? 0) - 5 * second })
    await pass(3 * second)
    expect(tab.state).toBe('open | confirmed')
    expect(server.view).toMatchObject({ orgId: 'org_1' })
  })

  it('an answer of a node that does not know a later decision yet does not count as agreement', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start({ ...ada, orgId: 'org_1' })
    const { post } = server
    const { view } = server
    let answers = 0
    server.post = async (...request) => {
      answers += 1
      return answers === 1 && view ? { ...view, orgId: null, rev: view.rev - 1 } : post(...request)
    }
    tab.clerkSays(ada)
    await pass(3 * second)
    expect(server.view).toMatchObject({ orgId: null })
    expect(tab.state).toBe('open | confirmed')
  })

  it('a server whose clock was set ahead gets a fresh token after its next ping', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    server.skew = 50 * second
    tab.clerk.lag = -50
    await pass(16 * second)
    expect(server.posts).toHaveLength(2)
    expect(tab.state).toBe('open | confirmed')
  })

  it('a local clock that was set back does not keep a tab from trying again', async () => {
    const { server, openTab, pass, sleep } = createWorld()
    const tab = await openTab().start(ada)
    server.signOut('session-revoked')
    await settle()
    expect(tab.state).toBe('open | degraded')
    sleep(-hour)
    tab.focus()
    await pass(second)
    expect(server.posts.length).toBeGreaterThan(1)
  })

  it('a sign-out that nobody heard is repeated by the next one, even if another user was signed in between', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    server.isMute = true
    for (const identity of [null, bob, null]) {
      tab.clerkSays(identity)
      await settle()
    }
    server.isMute = false
    await pass(20 * second)
    expect(server.view).toMatchObject({ isSignedIn: false })
    expect(tab.state).toBe('backoff | signedOut')
  })

  it('a post that may still arrive is followed by another, even if the server shows what the tab wants', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    const { post } = server
    const late: (() => void)[] = []
    server.post = (event, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', reject)
        late.push(() => void post(event, new AbortController().signal).then(resolve))
      })
    tab.clerkSays(bob)
    await settle()
    expect(late).toHaveLength(1)
    server.post = post
    tab.clerkSays(ada)
    await pass(5 * second)
    for (const arrive of late) arrive()
    await pass(second)
    expect(server.view).toMatchObject({ isSignedIn: true, sessionId: ada.sessionId })
    expect(tab.state).toBe('open | confirmed')
  })

  it('a key that is no longer published causes a fresh token, whatever Clerk has in its cache', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = openTab()
    server.postFailure = toError('key-not-found')
    await tab.start(ada)
    server.postFailure = null
    await pass(3 * second)
    const [first, next] = server.posts.map(({ event }) => ('token' in event ? event.token.reveal() : null))
    expect(server.posts).toHaveLength(2)
    expect(next).not.toBe(first)
    expect(tab.state).toBe('open | confirmed')
  })

  it("a refusal of another user's token does not make the tab give up", async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    server.signOut('token-signature')
    await pass(5 * second)
    expect(server.view).toMatchObject({ isSignedIn: true, sessionId: ada.sessionId })
    expect(tab.state).toBe('open | confirmed')
  })

  it('a server whose clock is corrected is tried again at its next ping, even if the tab had given up', async () => {
    const { server, openTab, pass } = createWorld()
    server.skew = hour
    const tab = await openTab().start(ada)
    await pass(240 * second)
    expect(tab.state).toBe('open | degraded')
    server.skew = 0
    await pass(16 * second)
    expect(tab.state).toBe('open | confirmed')
    expect(server.view).toMatchObject({ isSignedIn: true, sessionId: ada.sessionId })
  })

  it('a sign-in that is shown but not stored is posted again', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    const { post } = server
    server.post = async (...request) => {
      server.post = post
      await post(...request)
      throw toError('store-unavailable')
    }
    tab.clerkSays(bob)
    await settle()
    expect(server.view).toMatchObject({ isSignedIn: true, sessionId: bob.sessionId })
    expect(tab.state).toBe('open | retrying')
    await pass(2 * second)
    expect(tab.state).toBe('open | confirmed')
    expect(server.posts.filter(({ userId }) => userId === bob.userId)).toHaveLength(2)
  })

  it('a token that arrives after an acknowledged sign-out is followed by another sign-out', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(null)
    server.isMute = true
    tab.clerkSays(ada)
    await pass(second)
    server.isMute = false
    tab.clerkSays(null)
    await pass(30 * second)
    // A post without an answer made the tab give up its stream, so it polls the view.
    expect(tab.state).toBe('backoff | signedOut')
    const posted = server.posts.length
    // The view comes from a node that was suspended. No tombstone covers a session that the node never heard of.
    const late = { state: 'signedIn', isSignedIn: true, userId: ada.userId, sessionId: ada.sessionId } as const
    server.show({ ...late, expiresAt: (server.view?.now ?? 0) + 60 * second })
    await pass(6 * second)
    expect(server.posts.slice(posted).map(({ event }) => event)).toMatchObject([
      { type: 'session.cleared', sessionId: ada.sessionId },
    ])
    expect(server.view).toMatchObject({ isSignedIn: false })
    expect(tab.state).toBe('backoff | signedOut')
  })

  it('a session that a tab has signed out of is not touched if every post had its answer', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    tab.clerkSays(null)
    await pass(5 * second)
    const posted = server.posts.length
    const other = { state: 'signedIn', isSignedIn: true, userId: ada.userId, sessionId: ada.sessionId } as const
    server.show({ ...other, expiresAt: (server.view?.now ?? 0) + 60 * second })
    await pass(5 * second)
    expect(server.posts).toHaveLength(posted)
  })

  it('a view that the store never had is given up after 3 older answers, where the view is asked for', async () => {
    const { server, openTab, pass } = createWorld()
    server.isSilent = true
    const tab = await openTab().start(ada)
    await pass(10 * second)
    expect(statusOf(tab)).toBe('authenticated')
    // The node that acknowledged the last view has died and could not store it. The next node continues from the
    // stored view.
    const { answerView } = server
    server.answerView = async (...question) => ({ ...(await answerView(...question)), rev: -1_000 })
    server.signOut('session-revoked')
    await pass(8 * second)
    expect(tab.context.view).toMatchObject({ isSignedIn: true })
    await pass(6 * second)
    expect(tab.context.view).toMatchObject({ isSignedIn: false, rev: -1_000 })
    expect(statusOf(tab)).toBe('failed')
  })

  it('one node that is behind undoes no view of another, where the view is asked for', async () => {
    const { server, openTab, pass } = createWorld()
    server.isSilent = true
    const tab = await openTab().start(ada)
    await pass(10 * second)
    const { answerView } = server
    let questions = 0
    server.answerView = async (...question) => {
      const view = await answerView(...question)
      return (questions += 1) % 3 === 0 ? view : { ...view, rev: view.rev - 1, isSignedIn: false, state: 'signedOut' }
    }
    await pass(30 * second)
    expect(questions).toBeGreaterThan(6)
    expect(statusOf(tab)).toBe('authenticated')
    expect(server.posts).toHaveLength(1)
  })

  it('the answer to a sign-out ends the session that it names, whatever was known of it', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    const { post } = server
    server.post = async (...request) => ({ ...(await post(...request)), rev: -1_000 })
    server.mute()
    tab.clerkSays(null)
    await pass(second)
    expect(tab.context.view).toMatchObject({ isSignedIn: false })
    expect(statusOf(tab)).toBe('unauthenticated')
  })
})
