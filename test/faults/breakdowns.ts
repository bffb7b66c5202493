import { pickBrowser, pickNode, pickTab } from './pick.ts'
import type { Scene } from './scene.ts'
import type { SimBrowser } from './sim-browser.ts'
import type { Party } from './virtual-time.ts'

export function cutStream(scene: Scene) {
  const { world, network } = scene
  const streams = [...network.exchanges].filter(({ isStreaming }) => isStreaming)
  if (streams.length === 0) return
  const stream = world.random.pick(streams)
  const kind = world.random.pick(['both', 'browser', 'server'] as const)
  world.fired('stream.cut')
  world.note(`${stream.name} is cut, known to ${kind}`)
  if (kind === 'browser') stream.stall()
  if (kind !== 'server') stream.reset()
  if (kind !== 'browser') stream.hangUp()
}

export function stallStream(scene: Scene) {
  const { world, network, wire } = scene
  const streams = [...network.exchanges].filter(({ isStreaming }) => isStreaming)
  if (streams.length === 0) return
  const stream = world.random.pick(streams)
  world.fired('stream.stalled')
  world.note(`${stream.name} stalls`)
  stream.stall()
  world.time.send(wire, world.random.between(500, 40_000), () => stream.resume())
}

export function partition(scene: Scene) {
  const { world, network, wire } = scene
  const browser = pickBrowser(scene)
  if (!browser.isOnline) return
  world.note(`${browser.name} is offline`)
  browser.isOnline = false
  for (const exchange of network.exchanges) {
    if (exchange.tab.browser !== browser) continue
    exchange.stall()
    if (world.random.chance(0.5)) exchange.reset()
  }
  world.time.send(wire, world.random.between(1_000, 45_000), () => goOnline(scene, browser))
}

export function goOnline({ world, network }: Scene, browser: SimBrowser): void {
  if (browser.isOnline) return
  world.note(`${browser.name} is online`)
  browser.isOnline = true
  for (const exchange of network.exchanges) if (exchange.tab.browser === browser) exchange.resume()
  for (const { party, client } of browser.tabs) {
    world.time.send(party, 1, () => client.actor.send({ type: 'network.online' }))
  }
}

export function crash(scene: Scene) {
  const node = pickNode(scene)
  if (!node) return
  const { world, network, wire } = scene
  world.fired('node.crashed')
  world.note(`${node.party.name} is killed`)
  node.party.isDead = true
  const tellsPeers = world.random.chance(0.8)
  for (const exchange of network.exchanges) if (exchange.node === node && tellsPeers) exchange.reset()
  world.time.send(wire, world.random.between(100, 15_000), () => scene.restart(node))
}

/** Replaces a node: it says goodbye, and another one starts in its place. */
export function drainNode(scene: Scene) {
  const node = pickNode(scene)
  if (!node) return
  const { world, network, wire } = scene
  const { time, random } = world
  world.fired('node.drained')
  world.note(`${node.party.name} is drained`)
  time.send(node.party, 0, () => {
    node.isClosed = true
    void node.auth.close({ timeout: 2_000 })
  })
  time.send(wire, random.between(2_500, 8_000), () => {
    node.party.isDead = true
    for (const exchange of network.exchanges) if (exchange.node === node) exchange.reset()
    scene.restart(node)
  })
}

function holdFor({ world, wire }: Scene, party: Party, span: number) {
  party.isHeld = true
  world.time.send(wire, span, () => world.time.release(party))
}

export function hold(scene: Scene, isLong: boolean) {
  const node = pickNode(scene)
  if (!node) return
  const { world } = scene
  world.fired(isLong ? 'node.suspended' : 'node.blocked')
  const span = isLong ? world.random.between(20_000, 150_000) : world.random.between(200, 8_000)
  world.note(`${node.party.name} stands still for ${span} ms`)
  holdFor(scene, node.party, span)
}

export function suspendTab(scene: Scene) {
  const tab = pickTab(scene)
  if (!tab) return
  const { world } = scene
  world.fired('client.suspended')
  holdFor(scene, tab.party, world.random.between(2_000, 150_000))
  world.note(`${tab.party.name} sleeps`)
}

/** Sets a wall clock. Most often it changes only a little, within the tolerance. */
export function skewNode(scene: Scene) {
  const node = pickNode(scene)
  if (!node) return
  const { world } = scene
  const { random, clockTolerance } = world
  // A node whose clock is behind gives a Clerk session a longer life, which is no fault of the node.
  if (world.lifetime) return
  world.fired('node.clockSkewed')
  const isFar = random.chance(0.2)
  node.skew = isFar ? random.pick([-3_600_000, 3_600_000, -90_000, 90_000]) : toSmallSkew(scene, clockTolerance)
  scene.farSkewed.add(node)
  if (!isFar) scene.farSkewed.delete(node)
  world.note(`${node.party.name} clock ${node.skew} ms`)
}

export function skewTab(scene: Scene) {
  const tab = pickTab(scene)
  if (!tab) return
  scene.world.fired('client.clockSkewed')
  tab.skew = scene.world.random.pick([-86_400_000, -3_600_000, -20_000, 20_000, 3_600_000, 86_400_000])
  scene.world.note(`${tab.party.name} clock ${tab.skew} ms`)
}

const toSmallSkew = ({ world }: Scene, clockTolerance: number) =>
  Math.round((world.random() * 2 - 1) * clockTolerance * 400)
