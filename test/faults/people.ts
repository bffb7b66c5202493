import { pickBrowser, pickNode, pickTab } from './pick.ts'
import type { Scene } from './scene.ts'
import { chooseOrganization, closeTab, openTab, tell } from './sim-browser.ts'
import type { SimBrowser } from './sim-browser.ts'
import type { ClerkSession } from './sim-clerk.ts'

const users = ['user_0', 'user_1', 'user_2'] as const
const orgs = ['org_0', 'org_1', null] as const

/** Clerk's script changes its mind in every tab: in the one that somebody uses at once. Not used are those that sleep. */
function announce({ world }: Scene, browser: SimBrowser, session: ClerkSession | null) {
  const { random } = world
  browser.session = session
  const used = random.pick(toAwake(browser))
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
  const session = clerk.createSession(world.random.pick(users))
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

/** Another account of the same browser, or the same user anew: the Clerk session before lives on, or not. */
export function switchUser(scene: Scene) {
  const { world, clerk } = scene
  const browser = pickAwakeBrowser(scene)
  const session = browser?.session
  if (!browser || !session) return
  world.fired('user.switched')
  const others = [...clerk.sessions.values()].filter((each) => each !== session && scene.owners.get(each) === browser)
  const known = others.filter(({ status }) => status === 'active')
  if (world.random.chance(0.3)) session.status = 'ended'
  const isBack = known.length > 0 && world.random.chance(0.5)
  announce(scene, browser, isBack ? world.random.pick(known) : createSession(scene, browser))
}

export function switchOrganization(scene: Scene) {
  const tab = pickTab(scene)
  if (!tab?.session) return
  scene.world.fired('org.switched')
  chooseOrganization(scene.world, tab, scene.world.random.pick(orgs))
}

/** Somebody ends a session in Clerk's dashboard: a webhook tells a node, again and again until it is taken. */
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

/** Whoever got hold of a token tries it: with a browser's cookie too where its session is over, which must help nobody. */
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
