import type { Scene } from './scene.ts'
import type { SimBrowser, SimTab } from './sim-browser.ts'
import type { SimNode } from './sim-node.ts'

export const pickBrowser = ({ world, browsers }: Scene): SimBrowser => world.random.pick(browsers)
export const pickTab = (scene: Scene): SimTab | undefined => {
  const tabs = scene.browsers.flatMap(({ tabs }) => [...tabs])
  return tabs.length === 0 ? undefined : scene.world.random.pick(tabs)
}
export const pickNode = ({ world, nodes }: Scene): SimNode | undefined => {
  const alive = nodes.filter(({ party, isClosed }) => !party.isDead && !isClosed)
  return alive.length === 0 ? undefined : world.random.pick(alive)
}
