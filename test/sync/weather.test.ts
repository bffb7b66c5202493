import { expect, it } from 'vitest'
import type { AnyStateNode } from 'xstate'
import { toHeldView } from '../../machines/sync/auth-status.ts'
import { syncMachine } from '../../machines/sync/sync.machine.ts'
import { createRandom } from '../seeded-random.ts'
import { toError } from './model-server.ts'
import { ada, bob, createWorld, settle, type Tab, type World } from './world.ts'

const first = Number(process.env['SEED'] ?? 1_000)
const runs = Number(process.env['RUNS'] ?? (process.env['SEED'] ? 1 : 240))
const second = 1_000

/** Returns every transition of the chart with its state, event and place in the list. */
function listTransitions(node: AnyStateNode): Map<object, string> {
  const all = new Map<object, string>()
  const add = (event: string, transitions: readonly object[]) =>
    transitions.forEach((transition, index) => all.set(transition, `${node.id} on ${event} #${index}`))
  for (const [event, transitions] of node.transitions) add(event, transitions)
  if (node.always) add('always', node.always)
  for (const child of Object.values(node.states)) for (const [key, name] of listTransitions(child)) all.set(key, name)
  return all
}

const identities = [ada, bob, { ...ada, orgId: 'org_1' }, { ...ada, orgId: 'org_1', orgRole: 'admin' }, null, undefined]
const codes = ['token-superseded', 'token-claims', 'too-many-requests', 'draining', 'origin-rejected'] as const
const reasons = ['closing', 'rotated', 'slow', 'revoked'] as const

const fair: Partial<World['server']> = {
  postFailure: null,
  streamFailure: null,
  isMute: false,
  isPinging: true,
  skew: 0,
  isCookieless: false,
  nodes: 0,
  pollFailure: null,
  isCrashing: false,
  isSilent: false,
  isPending: false,
  rotates: false,
}

/** Makes one thing happen to a browser, its server, or Clerk. */
function strike({ server, sleep }: World, tab: Tab, random: () => number) {
  const any = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T
  const maybe = <T>(value: T, chance = 0.4) => (random() < chance ? value : null)
  any([
    ...Array.from({ length: 6 }, () => () => tab.clerkSays(any(identities))),
    () => tab.focus(),
    () => tab.blur(),
    () => tab.send({ type: 'network.online' }),
    () => tab.send({ type: 'retry.requested' }),
    () => tab.send({ type: 'stream.shared', isLeader: random() < 0.5 }),
    () => tab.send({ type: 'retry.hinted', delay: 500 + random() * 3_000 }),
    () => tab.send({ type: 'client.stopped' }),
    () => tab.send({ type: 'client.started' }),
    () => server.drop(maybe(any(reasons), 0.7) ?? undefined),
    () => server.restart(),
    () => server.forget(),
    () => server.signOut(any(['token-expired', 'session-revoked', 'token-claims'] as const)),
    () => server.show({ state: any(['unchecked', 'verifying', 'error'] as const), isSignedIn: false, error: null }),
    () => (server.postFailure = maybe(toError(any(codes), maybe(3 * second)))),
    () => (server.streamFailure = maybe(toError(any(codes), maybe(3 * second)))),
    () => ((server.postFailure = toError(any(['origin-rejected', 'draining'] as const))), tab.clerkSays(null)),
    () => (server.isMute = random() < 0.3),
    () => (server.isPinging = random() < 0.6),
    () => (server.skew = any([0, 20, -20, -60]) * second),
    // This is an old frame with the server's time of a minute ago.
    () => ((server.skew = -60 * second), server.show({}), (server.skew = 0)),
    () => (server.isCookieless = random() < 0.1),
    () => (server.nodes = random() < 0.2 ? 2 : 0),
    () => (server.pollFailure = maybe(toError(any(codes)))),
    () => (server.isPending = random() < 0.2),
    () => (server.rotates = random() < 0.5),
    () => (server.isCrashing = random() < 0.15),
    () => (server.isSilent = random() < 0.2 && any([true, any(reasons)])),
    () => (sleep(random() * 100 * second), tab.focus()),
    () => (sleep(random() * 100 * second), tab.send({ type: 'network.online' })),
    () => (sleep(random() * 100 * second), tab.send({ type: 'retry.requested' })),
    () => (tab.clerk.lag = random() < 0.5 ? 30 : 0),
    () => (tab.clerk.mode = any(['ok', 'ok', 'null', 'throw', 'hang'] as const)),
    () => (tab.clerk.lifetime = any([60, 60, 20, 3_600])),
  ])()
}

it(`after any weather all tabs agree with the server, over every state and transition of the chart`, async () => {
  console.log(`SEED=${first} … ${first + runs - 1}`)
  const visited = new Set<string>()
  const states = new Set<string>()
  const listed = new Set(listTransitions(syncMachine.root).values())

  for (let seed = first; seed < first + runs; seed++) {
    const random = createRandom(seed)
    const world = createWorld()
    const { server, pass } = world
    const tabs = ['a', 'b', 'c'].map((name) => world.openTab(name, { random, stream: name !== 'c' }))
    const seen = new Map<Tab, boolean>()
    const untold = new Map<Tab, number>()
    const says = new Map<Tab, (typeof identities)[number]>()
    for (const tab of tabs) {
      const names = listTransitions(tab.actor.logic.root)
      tab.onTransition((transition) => visited.add(names.get(transition) ?? 'none'))
      tab.actor.subscribe((snapshot) => snapshot._nodes.forEach((node) => states.add(node.id)))
      tab.actor.subscribe(({ context }) => seen.set(tab, toHeldView(context).isSignedIn))
      const { clerkSays } = tab
      tab.clerkSays = (identity) => {
        if (identity !== undefined) says.set(tab, identity)
        clerkSays(identity)
      }
      tab.send({ type: 'client.started' })
    }

    for (let turn = 0; turn < 60; turn++) {
      const tab = tabs[Math.floor(random() * tabs.length)] as Tab
      const before = server.posts.length
      if (random() < 0.25) Object.assign(server, fair)
      strike(world, tab, random)
      await settle()
      await pass(random() < 0.2 ? 50 * second : random() * 4 * second, 500)
      for (const each of tabs) {
        // One that rests tells nobody, but is right whenever it is asked.
        const isTold = each.context.lastSeenAt === 0 || seen.get(each) === toHeldView(each.context).isSignedIn
        if (isTold) untold.delete(each)
        else if (!untold.has(each)) untold.set(each, world.clock.now())
        // A clock that was set is noticed within 15 s. The clock of this test moves in steps.
        const lateness = world.clock.now() - (untold.get(each) ?? Infinity)
        expect(lateness, `seed ${seed}: a page was not told that its view has ended`).toBeLessThan(16 * second)
      }
      for (const { event } of server.posts.slice(before)) {
        const sender = tabs.find(({ context }) => context.tab === event.tab) as Tab
        const isClear = event.type === 'session.cleared'
        expect(isClear && says.get(sender), `seed ${seed}: a clear of a signed-in tab`).toBeFalsy()
      }
      const text = JSON.stringify(tabs.map(({ actor }) => actor.getPersistedSnapshot()))
      expect(text.includes('jti'), `seed ${seed}: a raw token in a snapshot`).toBe(false)
      expect(server.openStreams).toBeLessThanOrEqual(tabs.length)
    }

    Object.assign(server, fair)
    for (const tab of tabs) {
      Object.assign(tab.clerk, { mode: 'ok', lifetime: 60, lag: 0 })
      tab.send({ type: 'client.started' })
      tab.clerkSays(ada)
      tab.focus()
    }
    await pass(90 * second, 500)
    expect(server.view, `seed ${seed}`).toMatchObject({ isSignedIn: true, userId: 'user_ada', orgId: null })
    expect(
      tabs.map(({ state }) => state),
      `seed ${seed}`,
    ).toEqual(['open | confirmed', 'open | confirmed', 'starting | confirmed'])
    for (const tab of tabs) {
      const seqs = server.posts.filter(({ event }) => event.tab === tab.context.tab).map(({ event }) => event.seq)
      expect(seqs, `seed ${seed}`).toEqual(seqs.toSorted((a, b) => a - b))
      expect(new Set(seqs).size, `seed ${seed}`).toBe(seqs.length)
    }
  }

  if (runs === 1) return
  console.log(`visited ${states.size} states and ${visited.size} transitions:\n${[...visited].toSorted().join('\n')}`)
  expect(listed.size).toBeGreaterThan(50)
  expect([...listed].filter((name) => !visited.has(name))).toEqual([])
}, 240_000)
