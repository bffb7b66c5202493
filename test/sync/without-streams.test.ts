import { describe, expect, it } from 'vitest'
import { toAuthFailure, toHeldView } from '../../machines/sync/auth-status.ts'
import { toError } from './model-server.ts'
import { ada, createWorld, connectionOf, statusOf, type Tab } from './world.ts'

const second = 1_000
const failureOf = (tab: Tab) => toAuthFailure(tab.actor.getSnapshot().context)

describe('if streams cannot be read', () => {
  const open = async () => {
    const world = createWorld()
    const tab = world.openTab('tab', { stream: false })
    expect(connectionOf(tab)).toBe('connecting')
    await tab.start(ada)
    return { ...world, tab }
  }

  it('the view is polled at once, the token is posted, and no stream is ever opened', async () => {
    const { server, tab, pass } = await open()
    await pass(100)
    expect([statusOf(tab), connectionOf(tab)]).toEqual(['authenticated', 'polling'])
    expect(server.posts).toHaveLength(1)
    await pass(600 * second, 250)
    expect([statusOf(tab), connectionOf(tab)]).toEqual(['authenticated', 'polling'])
    expect(server.connects).toEqual([])
    expect(server.polls.length).toBeLessThanOrEqual(152)
    expect(server.posts.length).toBeLessThanOrEqual(16)
  })

  it('a sign-out by the server is shown within the poll interval', async () => {
    const { server, tab, pass } = await open()
    await pass(10 * second)
    server.signOut('session-revoked')
    await pass(5_100)
    expect(statusOf(tab)).toBe('failed')
  })

  it('a server that cannot be reached is reported, and found again', async () => {
    const { server, tab, pass } = await open()
    await pass(second)
    server.pollFailure = toError('store-unavailable')
    server.postFailure = server.pollFailure
    await pass(12 * second)
    expect(connectionOf(tab)).toBe('lost')
    expect(statusOf(tab)).toBe('authenticated')
    await pass(300 * second, 250)
    expect(connectionOf(tab)).toBe('lost')
    expect(statusOf(tab)).toBe('failed')
    expect(failureOf(tab)).toMatchObject({ code: 'store-unavailable' })
    server.pollFailure = null
    server.postFailure = null
    await pass(60 * second, 250)
    expect([statusOf(tab), connectionOf(tab)]).toEqual(['authenticated', 'polling'])
    expect(failureOf(tab)).toBeNull()
  })

  it('a server that was never there is reported too', async () => {
    const world = createWorld()
    world.server.pollFailure = toError('draining')
    const tab = await world.openTab('tab', { stream: false }).start(ada)
    await world.pass(240 * second, 250)
    expect([statusOf(tab), connectionOf(tab)]).toEqual(['failed', 'lost'])
  })

  it.each(['network.online', 'focus.gained', 'retry.requested'] as const)(
    'after a failure the view is polled at once on %s',
    async (type) => {
      const { server, tab, pass } = await open()
      server.pollFailure = toError('draining')
      await pass(200 * second, 250)
      server.pollFailure = null
      const asked = server.polls.length
      tab.send({ type })
      await pass(100)
      expect(server.polls).toHaveLength(asked + 1)
      expect(connectionOf(tab)).toBe('polling')
    },
  )

  it('no poll comes before the time that the server has named', async () => {
    const { server, tab, pass } = await open()
    await pass(second)
    server.pollFailure = toError('at-capacity', 60_000)
    await pass(6 * second)
    const asked = server.polls.length
    tab.send({ type: 'network.online' })
    await pass(50 * second, 250)
    expect(server.polls).toHaveLength(asked)
    await pass(30 * second, 250)
    expect(server.polls.length).toBeGreaterThan(asked)
  })

  it('a permanent refusal stops the polls until some event or some minutes later', async () => {
    const { server, tab, pass } = await open()
    await pass(second)
    server.pollFailure = toError('origin-rejected')
    await pass(6 * second)
    const asked = server.polls.length
    await pass(200 * second, 250)
    expect(server.polls).toHaveLength(asked)
    server.pollFailure = null
    tab.focus()
    await pass(second)
    expect([statusOf(tab), connectionOf(tab)]).toEqual(['authenticated', 'polling'])
    expect(server.connects).toEqual([])
  })

  it('a browser that keeps no cookie gets the error, and creates no sessions over and over', async () => {
    const world = createWorld()
    world.server.isCookieless = true
    const tab = await world.openTab('tab', { stream: false }).start(ada)
    await world.pass(200 * second, 250)
    expect(statusOf(tab)).toBe('failed')
    expect(failureOf(tab)).toMatchObject({ code: 'cookie-missing' })
    expect(world.server.posts.length).toBeLessThanOrEqual(3)
    expect(world.server.connects).toEqual([])
  })

  it('a cookie that was deleted costs a new session, not the page', async () => {
    const { server, tab, pass } = await open()
    await pass(60 * second, 250)
    server.isCookieless = true
    await pass(5 * second)
    server.isCookieless = false
    server.forget()
    await pass(60 * second, 250)
    expect([statusOf(tab), connectionOf(tab)]).toEqual(['authenticated', 'polling'])
    expect(server.connects).toEqual([])
  })

  it('nodes that do not share a store end the polls for some minutes, and the page relies on its posts', async () => {
    const { server, tab, pass } = await open()
    await pass(second)
    server.nodes = 2
    await pass(120 * second, 250)
    expect(statusOf(tab)).toBe('authenticated')
    expect(server.connects).toEqual([])
  })

  it('nothing is requested after the stop, and everything begins again with the next start', async () => {
    const { server, tab, pass } = await open()
    await pass(second)
    tab.actor.send({ type: 'client.stopped' })
    const asked = server.polls.length
    await pass(60 * second)
    expect(server.polls).toHaveLength(asked)
    expect(toHeldView(tab.context).userId).toBe('user_ada')
    await tab.start(ada)
    await pass(100)
    expect(server.polls.length).toBeGreaterThan(asked)
    expect([statusOf(tab), connectionOf(tab)]).toEqual(['authenticated', 'polling'])
    expect(server.connects).toEqual([])
  })
})
