import { describe, expect, it } from 'vitest'
import { toAuthFailure, toAuthStatus, toAuthStatusFacts, toHeldView } from '../../machines/sync/auth-status.ts'
import { ada, bob, createWorld, settle, connectionOf, statusOf, type Tab } from './world.ts'

const second = 1_000

/** Records every status and connection that the page shows. */
function watch(tab: Tab) {
  const seen: string[] = []
  const note = () => {
    const snapshot = tab.actor.getSnapshot()
    const status = `${toAuthStatus(toAuthStatusFacts(snapshot))} ${toHeldView(snapshot.context).userId}`
    if (status !== seen.at(-1)) seen.push(status)
  }
  note()
  tab.actor.subscribe(note)
  return seen
}

describe('a server that is restarted without a shared store', () => {
  it('unmounts nothing: the page stays authenticated while the tab proves itself again', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    const seen = watch(tab)
    const connections: string[] = []
    tab.actor.subscribe(() => connectionOf(tab) !== connections.at(-1) && connections.push(connectionOf(tab)))
    server.restart()
    await pass(10 * second)
    expect(seen).toEqual(['authenticated user_ada'])
    expect(connections).toEqual(['live', 'lost', 'restored', 'live'])
  })

  it('is shown as it is after 5 s if the tab cannot prove itself', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    tab.clerk.mode = 'hang'
    const seen = watch(tab)
    server.restart()
    await pass(5_400)
    expect(seen).toEqual(['authenticated user_ada'])
    await pass(200)
    expect(seen).toEqual(['authenticated user_ada', 'loading null'])
  })

  it('is shown as it is if the last proof has expired', async () => {
    const { server, openTab, pass, sleep } = createWorld()
    const tab = await openTab().start(ada)
    tab.clerk.mode = 'hang'
    sleep(121 * second)
    const seen = watch(tab)
    server.restart()
    await pass(3 * second)
    expect(seen).toEqual(['loading null'])
  })

  it('shows nobody if Clerk has signed out, or has signed another user in', async () => {
    for (const identity of [null, bob]) {
      const { server, openTab, pass } = createWorld()
      const tab = await openTab().start(ada)
      server.isMute = true
      server.restart()
      await pass(1_500)
      tab.clerkSays(identity)
      await settle()
      expect(toHeldView(tab.context).userId).toBeNull()
    }
  })

  it('shows nobody if the server says that the session has ended', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    const seen = watch(tab)
    server.signOut('session-revoked')
    await pass(second)
    expect(seen).toEqual(['authenticated user_ada', 'failed null'])
  })
})

it('does not get a proof back from a clock that is set back', async () => {
  const { server, openTab, pass, sleep } = createWorld()
  const tab = await openTab().start(ada)
  tab.clerk.mode = 'hang'
  server.restart()
  await pass(7 * second)
  expect(toHeldView(tab.context).userId).toBeNull()
  sleep(-3_600 * second)
  expect(toHeldView(tab.context).userId).toBeNull()
})

describe('a browser that keeps no cookie', () => {
  it('gets the error at the first post, creates no more sessions, and stops asking', async () => {
    const { server, openTab, pass } = createWorld()
    server.isCookieless = true
    const tab = await openTab().start(ada)
    const seen = watch(tab)
    await pass(60 * second)
    expect(seen).toEqual(['failed null'])
    expect(toAuthFailure(tab.context)).toMatchObject({ code: 'cookie-missing', retryable: false })
    expect(server.connects).toHaveLength(1)
    expect(server.posts).toHaveLength(1)
    server.isCookieless = false
    tab.focus()
    await settle()
    expect(seen.at(-1)).toBe('authenticated user_ada')
  })

  it('gets the error at the next poll if no stream gets through', async () => {
    const { server, openTab, pass } = createWorld()
    server.isCookieless = server.isSilent = true
    const tab = await openTab().start(ada)
    await pass(60 * second)
    expect(toAuthFailure(tab.context)).toMatchObject({ code: 'cookie-missing' })
    expect(statusOf(tab)).toBe('failed')
    expect(server.posts).toHaveLength(1)
    expect(server.polls.length).toBeLessThanOrEqual(3)
  })

  it('gets one new session if it has kept a cookie before, because somebody deleted it', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    const seen = watch(tab)
    server.forget()
    server.isCookieless = true
    const { post } = server
    server.post = (...request) => {
      const answer = post(...request)
      server.isCookieless = false
      return answer
    }
    await pass(50 * second)
    expect(seen).toEqual(['authenticated user_ada'])
    expect(tab.state).toBe('open | confirmed')
  })
})

describe('several nodes that share no store', () => {
  it.each([2, 3, 4])(
    'settle on the answer to the newest post, and the page gets the reason (%i nodes)',
    async (nodes) => {
      const { server, openTab, pass } = createWorld()
      server.nodes = nodes
      const tab = await openTab().start(ada)
      const seen = watch(tab)
      await pass(200 * second, 100)
      expect(seen.at(-1)).toBe('authenticated user_ada')
      expect(seen.length).toBeLessThanOrEqual(3)
      expect(connectionOf(tab)).toBe('polling')
      expect(tab.context.streamFailure).toMatchObject({ code: 'store-not-shared', retryable: false })
      const requests = server.posts.length + server.connects.length + server.polls.length
      expect(requests).toBeLessThanOrEqual(12)
    },
  )

  it('are trusted again if they turn out to share one', async () => {
    const { server, openTab, pass } = createWorld()
    server.nodes = 2
    const tab = await openTab().start(ada)
    await pass(10 * second)
    server.nodes = 0
    await pass(400 * second, 250)
    expect(connectionOf(tab)).toBe('live')
    expect(tab.context.streamFailure).toBeNull()
  })

  it('are not suspected if the store has lost the session once', async () => {
    const { server, openTab, pass } = createWorld()
    server.nodes = 1
    const tab = await openTab().start(ada)
    const first = server.view?.channel
    // The next node does not find the session. The first one then decides on the token: a session without a verdict is
    // not stored, so the token gets a session of its own.
    server.nodes = 3
    const { post } = server
    server.post = (...request) => {
      const answer = post(...request)
      server.nodes = 0
      return answer
    }
    server.drop()
    await pass(10 * second)
    expect(first).toMatch(/^node0\./)
    expect(server.view?.channel).toMatch(/^node0\./)
    expect(server.view?.channel).not.toBe(first)
    expect(tab.context.lostNodes).toEqual(['node0.'])
    expect(connectionOf(tab)).toBe('live')
  })

  it('are not suspected if one node is restarted', async () => {
    const { server, openTab, pass } = createWorld()
    server.nodes = 1
    const tab = await openTab().start(ada)
    for (let round = 0; round < 5; round++) {
      server.restart()
      await pass(10 * second)
    }
    await pass(5 * second)
    expect(connectionOf(tab)).toBe('live')
  })
})
