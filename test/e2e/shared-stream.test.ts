import { describe, expect, it } from 'vitest'
import { findChromium } from './browser.ts'
import type { Tab } from './tab.ts'
import { useBrowser } from './use-browser.ts'
import { passTime } from './virtual-time.ts'
import { signIn, signOut, user, type World } from './world.ts'

/** This is twice the number of connections that a browser opens to one HTTP/1.1 host. */
const tabCount = 12

const openStreams = (world: World) => world.streams().filter(({ isOpen }) => isOpen)

async function openTabs(world: World, count: number): Promise<Tab[]> {
  await world.signInAtClerk()
  const tabs: Tab[] = []
  for (let opened = 0; opened < count; opened += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one tab after the other, as people open them
    const tab = await world.openTab()
    // oxlint-disable-next-line no-await-in-loop -- the first one has to sign in before the others are opened
    await tab.shows('authenticated')
    // A tab shows what the server knows before its own Clerk has loaded. Clerk would then post what has changed by
    // that time.
    await expect.poll(() => tab.syncState()).toBe('open confirmed')
    tabs.push(tab)
  }
  return tabs
}

/** Opens a page of the same origin that records every message between the tabs. */
async function tapChannel(tab: Tab): Promise<() => Promise<string>> {
  await tab.page.evaluate(() => {
    const channel = new BroadcastChannel('authchart/1 same-origin /auth')
    const words: unknown[] = []
    channel.addEventListener('message', ({ data }) => words.push(data))
    Object.assign(window, { words })
  })
  return () => tab.page.evaluate(() => JSON.stringify(Reflect.get(window, 'words')))
}

const switchOrganization = ({ page }: Tab, organization: string) =>
  page.evaluate((organization) => window.Clerk!.setActive({ organization }), organization)

/** The ways in which the tab that reads the stream closes or stops running. */
const departures: Record<string, (leader: Tab, world: World) => Promise<unknown>> = {
  'is closed': (leader) => leader.close(),
  // Headless Chromium freezes no page. This is the event that a page gets before it is frozen, and that it has to act
  // on.
  'is about to be frozen': (leader) => leader.page.evaluate(() => document.dispatchEvent(new Event('freeze'))),
  'hangs, once another one is looked at': async (leader, { context }) => {
    const session = await context.newCDPSession(leader.page)
    await session.send('Debugger.enable')
    await session.send('Debugger.pause')
    void leader.page.evaluate(() => 0).catch(() => {})
    const others = context.pages().filter((page) => page !== leader.page)
    await Promise.all(others.map((page) => page.evaluate(() => window.dispatchEvent(new Event('focus')))))
  },
  'goes to another page': (leader, { clerk }) => leader.page.goto(`${clerk.url}/healthz`).catch(() => {}),
  crashes: async (leader, { context }) => {
    const session = await context.newCDPSession(leader.page)
    // The call gets no answer, because the page is gone.
    void session.send('Page.crash').catch(() => {})
  },
}

/** The features that a browser, or a frame in it, may lack. */
const absences: Record<string, () => void> = {
  'there are no locks': () => void Object.defineProperty(Navigator.prototype, 'locks', { get: () => undefined }),
  'there is no BroadcastChannel': () => void Object.defineProperty(window, 'BroadcastChannel', { value: undefined }),
  'a BroadcastChannel is refused': () => {
    const Channel = BroadcastChannel
    // Clerk's own script has no page without one.
    window.BroadcastChannel = class extends Channel {
      constructor(name: string) {
        if (name.startsWith('authchart')) throw new DOMException('no', 'SecurityError')
        super(name)
      }
    }
  },
  'messages to other tabs are refused': () => {
    const { postMessage } = BroadcastChannel.prototype
    BroadcastChannel.prototype.postMessage = function (message) {
      if (this.name.startsWith('authchart')) throw new DOMException('no', 'InvalidStateError')
      postMessage.call(this, message)
    }
  },
  'locks are refused': () => {
    LockManager.prototype.request = () => Promise.reject(new DOMException('no', 'SecurityError'))
  },
  'locks never answer': () => {
    LockManager.prototype.request = () => new Promise(() => {})
  },
}

describe.runIf(findChromium())('the tabs of one browser', () => {
  const openWorld = useBrowser()

  it('share one stream, show a change together, and leave the connections to the page', async () => {
    const world = await openWorld()
    world.clerk.setMembership('user_ada', world.clerk.addOrganization({ id: 'org_acme', name: 'Acme' }))
    const tabs = await openTabs(world, tabCount)
    expect(openStreams(world)).toHaveLength(1)
    expect(world.app.auth.stats()).toMatchObject({ sessions: 1, streams: 1 })

    const asked = world.streams().length
    const words = await tapChannel(tabs[1]!)
    const token = await tabs[7]!.token()
    await switchOrganization(tabs[7]!, 'org_acme')
    await Promise.all(tabs.map((tab) => tab.serverSays({ org: 'org_acme' })))
    expect(world.streams()).toHaveLength(asked)

    const said = await words()
    expect(said).toContain('org_acme')
    const [header, payload, signature] = token.split('.')
    for (const secret of [header!, payload!, signature!]) expect(said).not.toContain(secret)

    // Six streams would leave no connection for any of these requests.
    const answers = await Promise.all(
      tabs.map(({ page }) => page.evaluate(async () => (await fetch('/auth/session')).status)),
    )
    expect(answers).toEqual(Array(tabCount).fill(200))
  })

  it.each(Object.keys(departures))('go on when the tab that reads the stream %s', async (departure) => {
    const world = await openWorld()
    world.clerk.setMembership('user_ada', world.clerk.addOrganization({ id: 'org_acme', name: 'Acme' }))
    const [leader, ...others] = await openTabs(world, 3)
    const since = others.map((tab) => tab.log.length)
    const posted = world.posts().length

    await departures[departure]!(leader!, world)
    await expect.poll(() => world.streams().length, { interval: 10 }).toBe(2)
    await switchOrganization(others[0]!, 'org_acme')
    await Promise.all(others.map((tab) => tab.serverSays({ org: 'org_acme' })))
    for (const [index, tab] of others.entries()) {
      // The status and the connection of the page did not change.
      expect(tab.log.slice(since[index]).filter(({ kind }) => kind !== 'view' && kind !== 'clerk')).toEqual([])
    }
    // Only the tab that switched the organization posted.
    expect(world.posts().length - posted).toBe(1)
  })

  it('lead in turn: a tab that was frozen hears the next leader once it is awake', async () => {
    const world = await openWorld()
    const [frozen, other] = (await openTabs(world, 2)) as [Tab, Tab]
    await departures['is about to be frozen']!(frozen, world)
    await expect.poll(() => world.streams().length).toBe(2)
    expect(openStreams(world)).toHaveLength(1)
    const { sessionId } = await other.view()
    await world.app.auth.revoke({ sessionId: sessionId! })
    await other.fails('session-revoked')
    expect((await frozen.view()).isSignedIn).toBe(true)
    await frozen.page.evaluate(() => document.dispatchEvent(new Event('resume')))
    await frozen.fails('session-revoked')
  })

  it('follow the sign-in and the sign-out of a tab that does not lead, under the new cookie', async () => {
    const world = await openWorld()
    const tabs = [await world.openTab(), await world.openTab(), await world.openTab()] as const
    await Promise.all(tabs.map((tab) => tab.shows('unauthenticated')))
    await signIn(tabs[1])
    await Promise.all(tabs.map((tab) => tab.serverSays({ state: 'signedIn', user: user.id })))
    expect(openStreams(world)).toHaveLength(1)
    expect(world.app.auth.stats()).toEqual({ sessions: 1, signedIn: 1, streams: 1 })
    // The tab that signed in has reloaded its page.
    for (const tab of [tabs[0], tabs[2]])
      expect(tab.connections().filter((way) => way !== 'connecting')).toEqual(['live'])

    await signOut(tabs[1])
    await Promise.all(tabs.map((tab) => tab.serverSays({ state: 'signedOut' })))
    expect(openStreams(world)).toHaveLength(1)
  })

  it('hear of a restarted server together', async () => {
    const world = await openWorld()
    const tabs = await openTabs(world, 3)
    await world.app.restart('planned')
    await expect.poll(() => world.app.auth.stats()).toEqual({ sessions: 1, signedIn: 1, streams: 1 })
    const states = () => Promise.all(tabs.map((tab) => tab.syncState()))
    await expect.poll(states).toEqual(tabs.map(() => 'open confirmed'))
    for (const tab of tabs) expect(await tab.view()).toMatchObject({ state: 'signedIn' })
  })

  it('renew the token with one post for all of them', async () => {
    const world = await openWorld({ hasVirtualTime: true })
    const tabs = await openTabs(world, 4)
    const states = () => Promise.all(tabs.map((tab) => tab.syncState()))
    await expect.poll(states).toEqual(tabs.map(() => 'open confirmed'))
    const since = tabs.map((tab) => tab.log.length)
    const posted = world.posts().length
    await passTime(world, 120)
    const renewals = world.posts().slice(posted)
    expect(renewals.length).toBeGreaterThanOrEqual(2)
    // One tab renews about 45 s after the last renewal. A second tab would do so seconds after the first.
    for (const [index, { at }] of renewals.slice(1).entries()) expect(at - renewals[index]!.at).toBeGreaterThan(30_000)
    expect(world.streams()).toHaveLength(1)
    for (const [index, tab] of tabs.entries()) {
      expect(tab.log.slice(since[index]).filter(({ kind }) => kind !== 'view')).toEqual([])
    }
  })

  it.each(Object.keys(absences))('are signed in where %s', async (absence) => {
    const world = await openWorld()
    await world.signInAtClerk()
    const prepare = (page: Tab['page']) => page.addInitScript(absences[absence]!)
    const first = await world.openTab({ prepare })
    await first.shows('authenticated')
    const tabs = [first, await world.openTab({ prepare })] as const
    await tabs[1].shows('authenticated')
    const states = () => Promise.all(tabs.map((tab) => tab.syncState()))
    await expect.poll(states).toEqual(tabs.map(() => 'open confirmed'))
    expect(world.app.auth.stats()).toMatchObject({ sessions: 1, signedIn: 1 })
  })
})
