import { describe, expect, it } from 'vitest'
import type { AuthView } from '../../machines/auth-view.ts'
import type { Listener } from './model-server.ts'
import { ada, bob, createWorld, settle, statusOf, type Tab, type World } from './world.ts'

const second = 1_000

/** Holds up the answers to streams until `release`. The streams that are asked for after that are answered at once. */
function holdStreams({ server, now }: World) {
  const { connect } = server
  const held: Listener[] = []
  server.connect = (_tab, _channel, listener) => {
    server.connects.push(now())
    held.push(listener)
  }
  return {
    release(view: AuthView) {
      server.connect = connect
      for (const { send } of held) send({ type: 'view.received', view: { ...view, now: now() } })
    },
  }
}

/** Opens a page that asks for its stream again, with its cookie; the answer is held up until `streams.release`. */
async function startLate() {
  const world = createWorld()
  const { server, openTab, pass } = world
  const tab = await openTab().start(ada)
  const before = server.view!
  const streams = holdStreams(world)
  server.drop('rotated')
  await pass(4 * second)
  return { server, pass, tab, streams, before }
}

/** Records every user that the page shows. */
function watchUsers(tab: Tab) {
  const seen = new Set<string | null>()
  tab.actor.subscribe(({ context }) => seen.add(context.view.userId))
  return seen
}

describe('a stream whose first view comes after the answer to a later request', () => {
  it('shows no other account: the stream is asked for again', async () => {
    const { server, pass, tab, streams, before } = await startLate()
    server.forget()
    tab.clerkSays(bob)
    await pass(second)
    expect(statusOf(tab)).toBe('authenticated')
    const seen = watchUsers(tab)
    const connects = server.connects.length
    streams.release(before)
    await pass(second)
    expect([...seen]).toEqual(['user_bob'])
    expect(tab.state).toBe('open | confirmed')
    expect(tab.context.channel).toBe(server.view?.channel)
    expect(server.connects).toHaveLength(connects + 1)
    expect(server.posts).toHaveLength(2)
  })

  it('shows no other account that a poll no longer shows', async () => {
    const world = createWorld()
    const { server, openTab, pass } = world
    const tab = await openTab('a').start(ada)
    const before = server.view!
    const streams = holdStreams(world)
    server.drop('rotated')
    server.forget()
    tab.clerkSays(bob)
    await openTab('b', { stream: false }).start(bob)
    await pass(5 * second)
    expect(tab.context.view.userId).toBe('user_bob')
    const seen = watchUsers(tab)
    streams.release(before)
    await pass(second)
    expect([...seen]).toEqual(['user_bob'])
    expect(tab.state).toBe('open | confirmed')
    expect(server.posts).toHaveLength(2)
  })

  it('undoes nothing that the answer shows of the same session', async () => {
    const { server, pass, tab, streams, before } = await startLate()
    tab.clerkSays(bob)
    await pass(second)
    const seen = watchUsers(tab)
    const connects = server.connects.length
    streams.release(before)
    await pass(second)
    expect([...seen]).toEqual(['user_bob'])
    expect(tab.state).toBe('open | confirmed')
    expect(server.connects).toHaveLength(connects)
  })

  it('leads to the session of the cookie if the answer was the older one', async () => {
    const world = createWorld()
    const { server, openTab, pass } = world
    const tab = await openTab().start(ada)
    const { post } = server
    let answer = () => {}
    server.post = async (...request) => {
      const view = await post(...request)
      return new Promise((resolve) => (answer = () => resolve(view)))
    }
    tab.clerkSays(bob)
    await settle()
    server.post = post
    server.forget()
    await openTab('b', { stream: false }).start(ada)
    await pass(second)
    const streams = holdStreams(world)
    server.drop()
    await pass(2 * second)
    answer()
    await settle()
    expect(tab.context.view.userId).toBe('user_bob')
    streams.release(server.view!)
    await settle()
    expect(tab.context.view).toMatchObject({ userId: 'user_ada', channel: server.view?.channel })
    expect(tab.context.channel).toBe(server.view?.channel)
  })

  it('is not asked for again and again, however the server answers', async () => {
    const { server, openTab, pass, clock, now } = createWorld()
    const { connect, post, answerView } = server
    let answers = 0
    const toOther = (view: AuthView) => ({ ...view, channel: `other-${(answers += 1)}` })
    server.connect = (tab, channel, listener) =>
      void clock.setTimeout(() => connect(tab, channel, listener), 7 * second)
    server.post = async (...request) => toOther(await post(...request))
    server.answerView = async (...request) => toOther(await answerView(...request))
    const tab = await openTab().start(ada)
    const since = now()
    await pass(120 * second, 100)
    expect(statusOf(tab)).toBe('authenticated')
    expect(server.connects.length).toBeLessThanOrEqual((now() - since) / (7 * second) + 1)
    expect(server.posts.length).toBeLessThanOrEqual(10)
  })
})
