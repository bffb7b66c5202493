import { pickBrowser, pickNode, pickTab } from './pick.ts'
import type { Scene } from './scene.ts'
import { chooseOrganization, closeTab, openTab, tell, type SimBrowser, type SimTab } from './sim-browser.ts'
import { appOrigin, userIds, type ClerkSession } from './sim-clerk.ts'
import type { SimNode } from './sim-node.ts'

const orgs = ['org_0', 'org_1', null] as const

/**
 * Changes the state of Clerk's script in every tab. A tab in use learns of it at once. Tabs that sleep are not in
 * use.
 */
function announce(
  { world }: Scene,
  browser: SimBrowser,
  session: ClerkSession | null,
  used: SimTab = world.random.pick(toAwake(browser)),
) {
  const { random } = world
  browser.session = session
  for (const tab of browser.tabs) tell(world, tab, session, tab === used ? 0 : random.between(20, 1_500))
}

const toAwake = ({ tabs }: SimBrowser) => [...tabs].filter(({ party }) => !party.isHeld)
const pickAwakeBrowser = (scene: Scene) => {
  const browser = pickBrowser(scene)
  return toAwake(browser).length > 0 ? browser : null
}

export function signIn(scene: Scene) {
  const browser = pickAwakeBrowser(scene)
  if (!browser || browser.session?.status === 'active') return
  scene.world.fired('user.signedIn')
  announce(scene, browser, createSession(scene, browser))
}

function createSession({ world, clerk, owners }: Scene, browser: SimBrowser): ClerkSession {
  const session = clerk.createSession(world.random.pick(userIds))
  owners.set(session, browser)
  return session
}

export function signOut(scene: Scene) {
  const browser = pickAwakeBrowser(scene)
  const session = browser?.session
  if (!browser || !session) return
  scene.world.fired('user.signedOut')
  if (session.status === 'active') session.status = 'ended'
  announce(scene, browser, null)
}

/** Signs in another account of the same browser, or the same user again. The earlier Clerk session may live on. */
export function switchUser(scene: Scene) {
  const { world } = scene
  const browser = pickAwakeBrowser(scene)
  const session = browser?.session
  if (!browser || !session) return
  world.fired('user.switched')
  const other = pickOtherSession(scene, browser, session)
  if (world.random.chance(0.3)) session.status = 'ended'
  announce(scene, browser, other)
}

/** Picks another Clerk session of the same browser, an existing or a new one. */
function pickOtherSession(scene: Scene, browser: SimBrowser, session: ClerkSession): ClerkSession {
  const { world, clerk, owners } = scene
  const others = [...clerk.sessions.values()].filter((each) => each !== session && owners.get(each) === browser)
  const known = others.filter(({ status }) => status === 'active')
  const isBack = known.length > 0 && world.random.chance(0.5)
  return isBack ? world.random.pick(known) : createSession(scene, browser)
}

/** Switches to another account and back at once, while the post about the other account is held up on its way. */
export function waver(scene: Scene) {
  const { world, network, wire } = scene
  const browser = pickAwakeBrowser(scene)
  const session = browser?.session
  if (!browser || session?.status !== 'active') return
  const tab = world.random.pick(toAwake(browser))
  const other = pickOtherSession(scene, browser, session)
  const goBack = () => {
    if (browser.session === other && session.status === 'active') announce(scene, browser, session, tab)
  }
  network.holdUpNext(tab, () => world.time.send(wire, world.random.between(1, 400), goBack))
  world.fired('user.switched')
  announce(scene, browser, other, tab)
}

export function switchOrganization(scene: Scene) {
  const tab = pickTab(scene)
  if (!tab?.session) return
  scene.world.fired('org.switched')
  chooseOrganization(scene.world, tab, scene.world.random.pick(orgs))
}

/**
 * Ends a session as an administrator does in Clerk's dashboard. A webhook tells a node, and is repeated until it is
 * accepted.
 */
export function revoke(scene: Scene) {
  const { world, clerk } = scene
  const sessions = [...clerk.sessions.values()].filter(({ status }) => status === 'active')
  if (sessions.length === 0) return
  const session = world.random.pick(sessions)
  session.status = 'revoked'
  world.fired('session.revoked')
  sendWebhook(scene, session)
}

function sendWebhook(scene: Scene, session: ClerkSession) {
  const { world, oracle, wire } = scene
  const { time, random } = world
  const node = pickNode(scene)
  let isTaken = false
  const again = () => time.send(wire, random.between(1_000, 4_000), () => isTaken || sendWebhook(scene, session))
  if (!node) return again()
  again()
  return time.send(node.party, random.between(5, 200), () => {
    if (node.isClosed || isTaken) return
    const take = () => {
      if (!isTaken) oracle.onRevoked(session.id)
      isTaken = true
    }
    node.auth
      .revoke({ sessionId: session.id })
      .then(take)
      .catch(() => world.note(`webhook for ${session.id} fails at ${node.party.name}`))
  })
}

/** Tries a stolen token, also with the cookie of a browser whose session has ended. Neither may help the thief. */
export function replay(scene: Scene) {
  const { world, clerk, network, oracle } = scene
  const node = pickNode(scene)
  const tab = pickTab(scene)
  if (!node || !tab || clerk.minted.length === 0) return
  world.fired('token.replayed')
  const token = world.random.pick(clerk.minted)
  const body = JSON.stringify({ type: 'token.received', token: token.text })
  network.inject(node, tab, body, oracle.isOver(token) ? tab.browser.cookie : undefined)
}

export function forge(scene: Scene) {
  const { world, clerk, network } = scene
  const node = pickNode(scene)
  const tab = pickTab(scene)
  const sessions = [...clerk.sessions.values()]
  if (!node || !tab || sessions.length === 0) return
  world.fired('token.forged')
  const body = JSON.stringify({ type: 'token.received', token: clerk.forge(world.random.pick(sessions)) })
  network.inject(node, tab, body, tab.browser.cookie)
}

/**
 * Posts more tokens than there is room for, of one Clerk session or of one user, each for a server session of its
 * own.
 */
export function floodWithTokens(scene: Scene) {
  const { world, clerk } = scene
  const node = pickNode(scene)
  if (!node) return
  world.fired('token.flooded')
  const isOneSession = world.random.chance(0.5)
  const userId = world.random.pick(userIds)
  for (let left = isOneSession ? 1 : 8; left > 0; left -= 1) {
    const { text: token } = clerk.mint(clerk.createSession(userId), null)
    for (let posts = isOneSession ? 24 : 4; posts > 0; posts -= 1) {
      knock(scene, node, { method: 'POST', body: JSON.stringify({ type: 'token.received', token }) })
    }
  }
}

/** Opens more streams than there is room for, each without a cookie. They end soon. */
export function floodWithStreams(scene: Scene) {
  const node = pickNode(scene)
  if (!node) return
  scene.world.fired('stream.flooded')
  for (let streams = 40; streams > 0; streams -= 1) knock(scene, node, { method: 'GET' })
}

/** Sends a stranger's request directly to a node and ignores the answer. */
function knock({ world, wire }: Scene, node: SimNode, { method, body }: { method: string; body?: string }) {
  const headers = { origin: appOrigin, 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' }
  const request = new Request(`${appOrigin}/auth/events`, { method, headers, ...(body !== undefined && { body }) })
  const ask = async () => {
    if (node.isClosed) return
    const { body: answer } = await node.fetch(request)
    world.time.send(wire, 500, () => world.time.send(node.party, 0, () => void answer?.cancel()))
  }
  world.time.send(node.party, world.random.between(1, 200), () => void ask())
}

export function openAnotherTab(scene: Scene) {
  const browser = pickBrowser(scene)
  if (browser.tabs.size >= 3) return
  const { world, network, clerk } = scene
  world.fired('tab.opened')
  openTab(world, browser, network, clerk, `${browser.name}.${(scene.counts.tabs += 1)}`)
}

export function closeSomeTab(scene: Scene) {
  const tab = pickTab(scene)
  if (!tab || tab.browser.tabs.size < 2) return
  const { world, network } = scene
  world.fired('tab.closed')
  closeTab(world, tab)
  for (const exchange of network.exchanges) if (exchange.tab === tab) exchange.hangUp()
}

export function focus(scene: Scene) {
  const tab = pickTab(scene)
  if (tab) scene.world.time.send(tab.party, 0, () => tab.client.actor.send({ type: 'focus.gained' }))
}
