import * as breakdowns from './breakdowns.ts'
import * as people from './people.ts'
import type { Scene } from './scene.ts'
import type { Weather } from './weather.ts'

/** Makes one thing happen. It does nothing if there is nothing that it could happen to. */
type Action = (scene: Scene) => void

/** Brings bad weather of one kind for a while. */
function storm(scene: Scene) {
  const { world, wire } = scene
  const { random, weather } = world
  const kinds: readonly (() => Partial<Weather>)[] = [
    () => ({ delay: 0.5 }),
    () => ({ drop: 0.4 }),
    () => ({ duplicate: 0.6 }),
    () => ({ storeDown: true }),
    () => ({ storeSlow: 0.6 }),
    () => ({ storeUnacknowledged: 0.4 }),
    () => ({ watchDelay: 0.6, watchDuplicate: 0.3 }),
    () => ({ watchDrop: 0.5 }),
    () => ({ keys: random.pick(['failing', 'garbage', 'stalled'] as const) }),
    () => ({ token: 0.6 }),
  ]
  const change = random.pick(kinds)()
  world.note(`weather ${JSON.stringify(change)}`)
  Object.assign(weather, change)
  const names = Object.keys(change) as (keyof Weather)[]
  // The weather returns to the climate of that moment, so a storm that outlasts the faults leaves fair weather
  // behind.
  const end = () => Object.assign(weather, Object.fromEntries(names.map((name) => [name, world.climate[name]])))
  world.time.send(wire, random.between(2_000, 30_000), end)
}

/** How often each action happens, relative to the others. */
const actions: readonly (readonly [number, Action])[] = [
  [5, people.signIn],
  [4, people.signOut],
  [4, people.switchUser],
  [3, people.waver],
  [3, people.switchOrganization],
  [2, people.revoke],
  [3, people.replay],
  [1, people.forge],
  [0.5, people.floodWithTokens],
  [0.5, people.floodWithStreams],
  [2, people.openAnotherTab],
  [1, people.closeSomeTab],
  [1, people.focus],
  [2, breakdowns.cutStream],
  [2, breakdowns.stallStream],
  [1, breakdowns.partition],
  [2, breakdowns.crash],
  [1, breakdowns.drainNode],
  [2, (scene) => breakdowns.hold(scene, false)],
  [0.6, (scene) => breakdowns.hold(scene, true)],
  [0.6, breakdowns.suspendTab],
  [1, breakdowns.skewNode],
  [0.6, breakdowns.skewTab],
  [1, ({ clerk }) => clerk.rotateKeys()],
  [9, storm],
]
const total = actions.reduce((sum, [weight]) => sum + weight, 0)

export function act(scene: Scene): void {
  let left = scene.world.random() * total
  const action = actions.find(([weight]) => (left -= weight) < 0)?.[1]
  action?.(scene)
}
