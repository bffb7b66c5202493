import { createAuthClient, type AuthClient } from '../../adapters/browser/create-auth-client.ts'
import { preloadAuthClient } from '../../adapters/browser/load-runtime.ts'
import type { ClerkSession, MintedToken, SimClerk } from './sim-clerk.ts'
import type { SimNetwork } from './sim-network.ts'
import { createParty, type Party } from './virtual-time.ts'
import type { World } from './world.ts'

// Modules load in real time, which a simulated world does not wait for.
await preloadAuthClient()

/** One browser: a cookie jar, Clerk's session, and tabs. */
export interface SimBrowser {
  readonly name: string
  readonly tabs: Set<SimTab>
  /** Every organization that any of its tabs has chosen, and null if one has chosen none. */
  readonly organizations: Set<string | null>
  /** The session cookie in the form in which it is sent. */
  cookie: string | undefined
  isOnline: boolean
  /** The signed-in session at Clerk. Every tab learns of it sooner or later. */
  session: ClerkSession | null
}

/** One tab: the real client, and the state of Clerk's script in it. */
export interface SimTab {
  readonly party: Party
  readonly browser: SimBrowser
  readonly client: AuthClient
  /** The session that Clerk's script shows in this tab. Undefined while Clerk loads. */
  session: ClerkSession | null | undefined
  /** Every Clerk session that the tab has ever had. */
  readonly known: Set<string>
  orgId: string | null
  /** The difference between its clock and true time, in ms. */
  skew: number
}

/** A cached token with less life than this is not given out, in ms. */
const cacheLeeway = 10_000

export function createSimBrowser(name: string): SimBrowser {
  return { name, tabs: new Set(), organizations: new Set([null]), cookie: undefined, isOnline: true, session: null }
}

export function openTab(world: World, browser: SimBrowser, network: SimNetwork, clerk: SimClerk, name: string): SimTab {
  const { time, random } = world
  const party = createParty(name)
  const cache = new Map<string, MintedToken>()
  const client = time.run(party, () =>
    createAuthClient({
      fetch: (input, init) => network.fetch(tab, input as string, init),
      now: () => time.now() + tab.skew,
      random,
      clockTolerance: world.clockTolerance,
      onError: (error) => world.note(`${name} ${error.code}`),
    }),
  )
  const tab: SimTab = { party, browser, client, session: undefined, known: new Set(), orgId: null, skew: 0 }
  browser.tabs.add(tab)

  async function getToken(session: ClerkSession, orgId: string | null, skipsCache: boolean) {
    const key = `${session.id} ${orgId}`
    const cached = cache.get(key)
    if (!skipsCache && cached && cached.exp * 1_000 - time.now() > cacheLeeway) return cached.text
    try {
      const token = await clerk.askForToken(party, session, orgId)
      if (token) cache.set(key, token)
      return token?.text ?? null
    } catch (error) {
      if (session.status !== 'active') noteEnd(session)
      throw error
    }
  }

  /** Lets Clerk's script find out at its next call that a session has ended. */
  function noteEnd(session: ClerkSession) {
    if (browser.session !== session) return
    browser.session = null
    for (const each of browser.tabs) tell(world, each, null, each === tab ? 0 : random.between(20, 1_500))
  }

  Object.assign(tab, { getToken })
  let before = ''
  client.actor.subscribe(({ value }) => {
    const state = Object.values(value)
      .map((part) => (typeof part === 'string' ? part : JSON.stringify(part)))
      .join(' ')
    if (state !== before) world.note(`${name} is ${state}`)
    before = state
  })
  time.run(party, () => client.start())
  // Clerk's script loads at its own pace.
  time.send(party, random.between(10, 1_500), () => {
    if (tab.session === undefined) setClerk(tab, browser.session)
  })
  return tab
}

type GetSimToken = (session: ClerkSession, orgId: string | null, skipsCache: boolean) => Promise<string | null>

/** Changes what Clerk's script says in a tab. */
function setClerk(tab: SimTab, session: ClerkSession | null): void {
  const { getToken } = tab as SimTab & { getToken: GetSimToken }
  if (tab.session?.id !== session?.id) tab.orgId = null
  const { orgId } = tab
  tab.session = session
  if (session) tab.known.add(session.id)
  tab.client.setIdentity({
    isLoaded: true,
    isSignedIn: session !== null,
    userId: session?.userId ?? null,
    sessionId: session?.id ?? null,
    orgId,
    orgRole: orgId === null ? null : 'org:admin',
    getToken: async (wish) => (session ? getToken(session, orgId, wish?.skipCache === true) : null),
  })
}

/** Makes Clerk's script tell a tab after a delay who is signed in. The session may have changed again by then. */
export function tell(world: World, tab: SimTab, session: ClerkSession | null, delay: number): void {
  world.time.send(tab.party, delay, () => {
    if (tab.browser.session !== session) return
    world.note(`${tab.party.name} Clerk says ${session?.id ?? 'nobody'}`)
    setClerk(tab, session)
  })
}

/** Lets the tab's user choose another organization. */
export function chooseOrganization(world: World, tab: SimTab, orgId: string | null): void {
  world.time.send(tab.party, 0, () => {
    if (!tab.session) return
    tab.orgId = orgId
    tab.browser.organizations.add(orgId)
    world.note(`${tab.party.name} Clerk says ${orgId ?? 'no organization'}`)
    setClerk(tab, tab.session)
  })
}

/** Closes a tab. The requests that it has sent are not cancelled. */
export function closeTab(world: World, tab: SimTab): void {
  world.time.run(tab.party, () => tab.client.stop())
  tab.browser.tabs.delete(tab)
  tab.party.isDead = true
}
