import { describe, expect, it } from 'vitest'
import { toHeldView } from '../../machines/sync/auth-status.ts'
import { toError } from './model-server.ts'
import { ada, createWorld, settle, connectionOf, statusOf } from './world.ts'

const second = 1_000

describe('a stream that stays silent', () => {
  it('keeps nobody out: after 3 s the tab polls the view, posts, and says that it polls', async () => {
    const { server, openTab, pass } = createWorld()
    server.isSilent = true
    const tab = await openTab().start(ada)
    expect(connectionOf(tab)).toBe('connecting')
    await pass(2_900)
    expect(server.posts).toEqual([])
    await pass(200)
    expect(statusOf(tab)).toBe('authenticated')
    expect(connectionOf(tab)).toBe('polling')
    expect(server.posts).toHaveLength(1)
  })

  it('hides no change for longer than the poll interval of 4 s, and renews in time', async () => {
    const { server, openTab, pass } = createWorld()
    server.isSilent = true
    const tab = await openTab().start(ada)
    await pass(600 * second, 250)
    expect(statusOf(tab)).toBe('authenticated')
    expect(server.polls.length).toBeLessThanOrEqual(151)
    server.signOut('session-revoked')
    await pass(4_100)
    expect(statusOf(tab)).toBe('failed')
  })

  it('is used at once if it does bring a view, without another post', async () => {
    const { server, openTab, pass } = createWorld()
    server.isSilent = true
    const tab = await openTab().start(ada)
    await pass(10 * second)
    server.isSilent = false
    await pass(60 * second)
    expect(connectionOf(tab)).toBe('live')
    const polled = server.polls.length
    await pass(30 * second)
    expect(server.polls).toHaveLength(polled)
  })

  it('lets a sign-out through', async () => {
    const { server, openTab, pass } = createWorld()
    server.isSilent = true
    const tab = await openTab().start(ada)
    await pass(4 * second)
    tab.clerkSays(null)
    await pass(second)
    expect(server.view).toMatchObject({ state: 'signedOut' })
    expect(statusOf(tab)).toBe('unauthenticated')
  })

  it('does not let an answer in transit undo a later post', async () => {
    const { server, openTab, pass } = createWorld()
    server.isSilent = true
    const { answerView } = server
    const late: (() => void)[] = []
    const tab = await openTab().start(ada)
    await pass(4 * second)
    // This poll is requested before the sign-out and answered after it.
    server.answerView = async (...question) => {
      const view = await answerView(...question)
      return new Promise((resolve) => late.push(() => resolve(view)))
    }
    await pass(6 * second)
    tab.clerkSays(null)
    await settle()
    expect(statusOf(tab)).toBe('unauthenticated')
    for (const answer of late) answer()
    await pass(second)
    expect(statusOf(tab)).toBe('unauthenticated')
    expect(server.posts).toHaveLength(2)
  })
})

it('a post without an answer hides no later view', async () => {
  const { server, openTab, pass } = createWorld()
  server.isSilent = true
  const tab = await openTab().start(ada)
  await pass(4 * second)
  server.post = () => new Promise(() => {})
  await pass(60 * second)
  server.signOut('session-revoked')
  await pass(6 * second)
  expect(toHeldView(tab.context)).toMatchObject({ state: 'signedOut', isSignedIn: false })
})

it('a clock that is set back hides no later view', async () => {
  const { server, openTab, pass, sleep } = createWorld()
  server.isSilent = true
  const tab = await openTab().start(ada)
  await pass(4 * second)
  sleep(-3_600 * second)
  server.signOut('session-revoked')
  await pass(6 * second)
  expect(toHeldView(tab.context)).toMatchObject({ state: 'signedOut', isSignedIn: false })
})

describe('a stream that fails again and again', () => {
  it.each(['too-many-requests', 'internal'] as const)('with %s keeps nobody out either', async (code) => {
    const { server, openTab, pass } = createWorld()
    server.streamFailure = toError(code)
    const tab = await openTab().start(ada)
    await pass(60 * second)
    expect(statusOf(tab)).toBe('authenticated')
    expect(connectionOf(tab)).toBe('polling')
  })

  it('is lost if the polls fail too, which come less and less often after three minutes', async () => {
    const { server, openTab, pass } = createWorld()
    server.streamFailure = server.pollFailure = toError('internal')
    const tab = await openTab('tab', { random: () => 0.999 }).start(ada)
    await pass(180 * second, 250)
    expect(server.polls.length).toBeLessThanOrEqual(46)
    await pass(720 * second, 250)
    expect(statusOf(tab)).toBe('failed')
    expect(connectionOf(tab)).toBe('lost')
    expect(server.polls.length).toBeLessThan(80)
    const [last = 0, before = 0] = server.polls.toReversed()
    expect(last - before).toBeGreaterThan(25 * second)
    server.streamFailure = server.pollFailure = null
    await pass(40 * second)
    expect(connectionOf(tab)).toBe('live')
    expect(statusOf(tab)).toBe('authenticated')
  })

  it.each(['focus.gained', 'network.online', 'retry.requested'] as const)('polls at once on %s', async (type) => {
    const { server, openTab, pass } = createWorld()
    server.streamFailure = server.pollFailure = toError('internal')
    const tab = await openTab('tab', { random: () => 0.999 }).start(ada)
    await pass(300 * second, 250)
    const asked = server.polls.length
    server.pollFailure = null
    tab.send({ type })
    await settle()
    expect(server.polls).toHaveLength(asked + 1)
    expect(connectionOf(tab)).toBe('polling')
  })

  it('sends a failed post again as soon as the server answers', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab('tab', { random: () => 0.999 }).start(ada)
    await pass(35 * second)
    server.streamFailure = server.pollFailure = server.postFailure = toError('internal')
    server.drop()
    await pass(60 * second)
    server.pollFailure = server.postFailure = null
    await pass(5 * second)
    expect(server.view).toMatchObject({ isSignedIn: true })
    expect(statusOf(tab)).toBe('authenticated')
    expect(tab.context.view.expiresAt).toBe(server.view?.expiresAt)
    expect((tab.context.view.expiresAt ?? 0) - tab.context.now()).toBeGreaterThan(30 * second)
  })

  it('does not poll if the server refuses the page', async () => {
    const { server, openTab, pass } = createWorld()
    server.streamFailure = toError('origin-rejected')
    const tab = await openTab().start(ada)
    await pass(60 * second)
    expect(server.polls).toEqual([])
    expect(connectionOf(tab)).toBe('lost')
    expect(statusOf(tab)).toBe('failed')
  })
})

describe('a post that gets no connection', () => {
  it('makes its tab give up the stream after 2 s, and poll until it tries a stream again', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    const { post } = server
    // A browser opens six HTTP/1.1 connections to one host, so the post is sent when a stream has freed one.
    server.post = async (event, signal) => {
      while (server.openStreams > 0) await new Promise((resolve) => setImmediate(resolve))
      return post(event, signal)
    }
    await pass(44 * second)
    expect(server.openStreams).toBe(1)
    await pass(6 * second)
    expect(server.openStreams).toBe(0)
    expect(server.posts).toHaveLength(2)
    expect(statusOf(tab)).toBe('authenticated')
    expect(connectionOf(tab)).toBe('polling')
    server.post = post
    await pass(90 * second)
    expect(connectionOf(tab)).toBe('live')
  })

  it('is distinguished from a slow network by how long the first view took', async () => {
    const { clock, server, openTab, pass } = createWorld()
    const { connect, post } = server
    server.connect = (...stream) => void clock.setTimeout(() => connect(...stream), 2 * second)
    server.post = async (...request) => {
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, 2.5 * second))
      return post(...request)
    }
    const tab = await openTab().start(ada)
    await pass(120 * second)
    expect(statusOf(tab)).toBe('authenticated')
    expect(connectionOf(tab)).toBe('live')
    expect(server.posts).toHaveLength(3)
    expect(server.connects).toHaveLength(1)
    expect(server.polls).toEqual([])
  })
})
