import { goOnline } from './breakdowns.ts'
import { createOracle, type Oracle } from './oracle.ts'
import { createSimBrowser, openTab, type SimBrowser } from './sim-browser.ts'
import { createSimClerk, type ClerkSession, type SimClerk } from './sim-clerk.ts'
import { createSimNetwork, type SimNetwork } from './sim-network.ts'
import { startNode, type SimNode } from './sim-node.ts'
import { createSimStore } from './sim-store.ts'
import { createParty, type Party } from './virtual-time.ts'
import { fairWeather } from './weather.ts'
import type { SimLifetime, World } from './world.ts'

/** All participants of one case. */
export interface Scene {
  readonly world: World
  readonly clerk: SimClerk
  readonly network: SimNetwork
  readonly oracle: Oracle
  readonly nodes: readonly SimNode[]
  readonly browsers: readonly SimBrowser[]
  /** The browser of each Clerk session. */
  readonly owners: Map<ClerkSession, SimBrowser>
  /** The nodes whose clock is off by more than any tolerance. */
  readonly farSkewed: Set<SimNode>
  readonly counts: { tabs: number; nodes: number }
  /** The party for code that belongs to no tab and no node. It is never suspended. */
  readonly wire: Party
  /** Starts a new process in place of one that has ended. */
  restart(node: SimNode): void
  /** Ends every fault: everything that is held up moves on, and everything that is down comes up. */
  heal(): void
}

export function setScene(world: World): Scene {
  const { time, random } = world
  const store = createSimStore(world)
  const clerk = createSimClerk(world)
  const wire = createParty('wire')
  const browsers = Array.from({ length: random.between(1, 2) }, (_, index) => createSimBrowser(`browser${index}`))
  const nodes: SimNode[] = []
  const counts = { tabs: 0, nodes: 0 }
  const oracle = createOracle({ world, clerk, store, nodes: () => nodes, browsers })
  const network = createSimNetwork({ world, nodes: () => nodes, wiretap: oracle })
  const farSkewed = new Set<SimNode>()

  const start = () => startNode(world, store, clerk, `node${(counts.nodes += 1)}`)

  function restart(node: SimNode) {
    const index = nodes.indexOf(node)
    if (index < 0) return
    const next = start()
    next.skew = farSkewed.has(node) ? 0 : node.skew
    nodes[index] = next
    world.fired('node.restarted')
    world.note(`${next.party.name} takes the place of ${node.party.name}`)
  }

  nodes.push(...Array.from({ length: random.between(1, 3) }, start))
  const scene: Scene = {
    world,
    clerk,
    network,
    oracle,
    nodes,
    browsers,
    owners: new Map(),
    farSkewed,
    counts,
    wire,
    restart,
    heal() {
      world.note('every fault ends')
      network.calm()
      Object.assign(world.climate, fairWeather())
      Object.assign(world.weather, world.climate)
      for (const node of farSkewed) node.skew = 0
      for (const { party } of nodes) time.release(party)
      for (const { tabs } of browsers) for (const { party } of tabs) time.release(party)
      for (const node of nodes) if (node.party.isDead) restart(node)
      for (const browser of browsers) goOnline(scene, browser)
      for (const exchange of network.exchanges) {
        if (exchange.isStreaming) exchange.resume()
        if (!exchange.isStreaming || exchange.node.party.isDead) exchange.reset()
      }
    },
  }
  /** Has the app ask for the view now and then, as it does at each request of a page. */
  function scheduleUse(lifetime: SimLifetime) {
    const { random: chance } = lifetime
    time.send(wire, chance.between(5_000, 100_000), () => {
      const { cookie } = chance.pick(browsers)
      const node = chance.pick(nodes)
      if (cookie !== undefined && !node.party.isDead && !node.party.isHeld)
        time.send(node.party, 1, () => void node.use(cookie).then(oracle.onUse, () => {}))
      scheduleUse(lifetime)
    })
  }
  if (world.lifetime) scheduleUse(world.lifetime)
  for (const browser of browsers) {
    for (let tabs = random.between(1, 2); tabs > 0; tabs -= 1) {
      openTab(world, browser, network, clerk, `${browser.name}.${(counts.tabs += 1)}`)
    }
  }
  return scene
}
