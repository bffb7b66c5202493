import { describe, expect, it } from 'vitest'
import { isRenewing, toAuthFailure, toDegradation, toLastFailure } from '../../machines/sync/auth-status.ts'
import { toError } from './model-server.ts'
import { ada, bob, createWorld, settle, connectionOf, statusOf, type Tab } from './world.ts'

const second = 1_000
const isRenewingIn = (tab: Tab) => isRenewing(tab.actor.getSnapshot())

/** Records each new value that a page reads from now on. */
function watch<T>(tab: Tab, read: (tab: Tab) => T): T[] {
  const seen = [read(tab)]
  tab.actor.subscribe(() => {
    const value = read(tab)
    if (value !== seen.at(-1)) seen.push(value)
  })
  return seen
}

describe('connection', () => {
  it('stays live if the stream breaks and is back within 3 s', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    const seen = watch(tab, connectionOf)
    for (let breaks = 0; breaks < 5; breaks += 1) {
      server.drop()
      await settle()
      expect(tab.state).toContain('backoff')
      await pass(10 * second)
      expect(tab.state).toBe('open | confirmed')
    }
    expect(seen).toEqual(['live'])
  })

  it('is connecting, then live; while the server is away it is lost, then restored for 5 s, and then live', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = openTab()
    const seen = watch(tab, connectionOf)
    await tab.start(ada)
    expect(seen).toEqual(['connecting', 'live'])
    server.streamFailure = server.pollFailure = toError('draining')
    server.drop()
    await pass(2 * second)
    expect(connectionOf(tab)).toBe('live')
    await pass(2 * second)
    expect(connectionOf(tab)).toBe('lost')
    server.streamFailure = server.pollFailure = null
    tab.focus()
    await pass(2 * second)
    expect(connectionOf(tab)).toBe('restored')
    await pass(5 * second)
    expect(seen).toEqual(['connecting', 'live', 'lost', 'restored', 'live'])
    await pass(120 * second, 200)
    expect(seen).toHaveLength(5)
  })

  it('stays live if the server only brings a new cookie', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    const seen = watch(tab, connectionOf)
    server.drop('rotated')
    await settle()
    expect(tab.state).toContain('backoff')
    await pass(2 * second)
    expect(tab.state).toBe('open | confirmed')
    expect(seen).toEqual(['live'])
  })

  it('is lost on a page that never heard the server only if streams and polls keep failing', async () => {
    const { server, openTab, pass } = createWorld()
    server.streamFailure = server.pollFailure = toError('draining')
    const tab = openTab()
    const seen = watch(tab, connectionOf)
    await tab.start(ada)
    await pass(60 * second)
    expect(seen).toEqual(['connecting', 'lost'])
    server.streamFailure = null
    tab.focus()
    await pass(6 * second)
    expect(seen).toEqual(['connecting', 'lost', 'restored', 'live'])
  })

  it('is polling while no stream gets through', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    const seen = watch(tab, connectionOf)
    server.streamFailure = toError('draining')
    server.drop()
    await pass(60 * second)
    server.streamFailure = null
    tab.focus()
    await pass(6 * second)
    expect(seen).toEqual(['live', 'polling', 'live'])
  })

  it('is connecting on a stopped client, as before its start', async () => {
    const { server, openTab } = createWorld()
    const tab = await openTab().start(ada)
    server.drop('rotated')
    await settle()
    tab.send({ type: 'client.stopped' })
    expect(connectionOf(tab)).toBe('connecting')
  })
})

describe('isRenewing', () => {
  it('is true while a token is requested or posted, and the page shows a signed-in user', async () => {
    const { openTab, pass } = createWorld()
    const tab = openTab()
    const seen = watch(tab, isRenewingIn)
    await tab.start(ada)
    expect(seen).toEqual([false])
    await pass(60 * second)
    expect(seen).toEqual([false, true, false])
    tab.clerkSays(bob)
    await settle()
    tab.clerkSays(null)
    await settle()
    expect(seen).toEqual([false, true, false])
  })

  it('is true for as long as Clerk hangs, and false while a failed renewal waits', async () => {
    const { openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    tab.clerk.mode = 'hang'
    await pass(48 * second)
    expect(isRenewingIn(tab)).toBe(true)
    tab.clerk.mode = 'null'
    await pass(10 * second)
    while (!tab.state.includes('retrying')) await pass(50)
    expect(isRenewingIn(tab)).toBe(false)
  })
})

describe('degraded and lastError', () => {
  it('name the reason and the remedy, while the page still shows who is signed in', async () => {
    const { openTab, pass } = createWorld()
    const tab = await openTab('tab', { retries: 1, clockTolerance: 600 }).start(ada)
    const reasonOf = () => toDegradation(tab.actor.getSnapshot())
    expect([reasonOf(), toLastFailure(tab.context)]).toEqual([null, null])
    tab.clerk.mode = 'null'
    await pass(60 * second)
    expect(reasonOf()).toEqual({
      code: 'clerk-no-token',
      message: 'Clerk gave no token',
      retryable: true,
      remedy: 'Wait: the client tries again by itself.',
    })
    expect(statusOf(tab)).toBe('authenticated')
    expect(toLastFailure(tab.context)).toBe(reasonOf())
    tab.clerk.mode = 'ok'
    await pass(40 * second)
    expect(tab.state).toBe('open | confirmed')
    expect([reasonOf(), toAuthFailure(tab.context)]).toEqual([null, null])
    expect(toLastFailure(tab.context)).toMatchObject({ code: 'clerk-no-token' })
  })

  it('include a stream that was refused, and errors of the view', async () => {
    const { server, openTab, pass } = createWorld()
    server.streamFailure = toError('origin-rejected')
    const tab = await openTab().start(ada)
    const known = { code: 'origin-rejected', remedy: 'List the origin of the page in allowedOrigins of the server.' }
    expect(toDegradation(tab.actor.getSnapshot())).toMatchObject(known)
    server.streamFailure = null
    tab.focus()
    await settle()
    expect(toDegradation(tab.actor.getSnapshot())).toBeNull()
    expect(toLastFailure(tab.context)).toMatchObject(known)
    server.signOut('session-revoked')
    await pass(second)
    expect(toDegradation(tab.actor.getSnapshot())).toMatchObject({ code: 'session-revoked' })
    expect(toLastFailure(tab.context)).toMatchObject({ remedy: 'Sign out at Clerk, then sign in again.' })
  })
})
