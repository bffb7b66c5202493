import { describe, expect, it } from 'vitest'
import type { AuthView } from '../../machines/auth-view.ts'
import { createRandom } from '../seeded-random.ts'
import { ada, createWorld, settle, type Tab, type World } from './world.ts'

const second = 1_000

/** Opens two tabs of one browser, each with an organization of its own. The view shows that of `b`. */
async function openTwoTabs() {
  const world = createWorld()
  const a = await world.openTab('a').start({ ...ada, orgId: 'org_a' })
  const b = await world.openTab('b').start({ ...ada, orgId: 'org_b' })
  expect(world.server.view).toMatchObject({ isSignedIn: true, orgId: 'org_b' })
  return { ...world, a, b }
}

/** Moves the focus from one tab to another, as a person does. */
function turn(from: Tab, to: Tab) {
  from.blur()
  to.focus()
}

/** Moves the focus to `a` and on to `b` before the server has heard of either. */
async function goToAndFro({ a, b, pass }: Awaited<ReturnType<typeof openTwoTabs>>) {
  a.focus()
  await pass(100)
  turn(a, b)
  await pass(100)
}

/**
 * Holds posts on their way to the server, and answers on their way back.
 *
 * @returns a function that lets them go
 */
function holdPosts({ server }: World, where: 'there' | 'back'): () => void {
  const { post } = server
  let letGo = () => {}
  const gate = new Promise<void>((resolve) => (letGo = resolve))
  server.post = async (...request): Promise<AuthView> => {
    if (where === 'there') await gate
    const answer = post(...request)
    if (where === 'back') await gate
    return answer
  }
  return () => {
    server.post = post
    letGo()
  }
}

describe('the tab that was focused last wins over another tab with another organization', () => {
  it("if the view showed the other's organization when it gained focus", async () => {
    const { server, a, b, pass } = await openTwoTabs()
    b.focus()
    await pass(second)
    turn(b, a)
    await pass(5 * second)
    expect(server.view).toMatchObject({ orgId: 'org_a' })
    expect(server.posts).toHaveLength(3)
  })

  it("if the other's post arrives after it gained focus", async () => {
    const world = await openTwoTabs()
    const { server, pass } = world
    const letGo = holdPosts(world, 'there')
    await goToAndFro(world)
    letGo()
    await pass(5 * second)
    expect(server.posts.map(({ orgId }) => orgId)).toEqual(['org_a', 'org_b', 'org_a', 'org_b'])
    expect(server.view).toMatchObject({ orgId: 'org_b' })
  })

  it('if the other hears of it before the answer to its own post', async () => {
    const world = await openTwoTabs()
    const { server, pass } = world
    // Clerk's cache holds a token that was never posted. After posting it, the answer decides if a fresher one is
    // tried.
    await pass(55 * second)
    const before = server.posts.length
    const letGo = holdPosts(world, 'back')
    await goToAndFro(world)
    letGo()
    await pass(5 * second)
    expect(server.posts.slice(before).map(({ orgId }) => orgId)).toEqual(['org_a', 'org_b'])
    expect(server.view).toMatchObject({ orgId: 'org_b' })
  })

  it('if the other was about to renew its token', async () => {
    const { server, a, b, pass } = await openTwoTabs()
    b.clerk.mode = 'hang'
    await pass(50 * second)
    expect(b.state).toBe('open | fetchingToken.requesting')
    a.focus()
    await pass(second)
    b.clerk.mode = 'ok'
    await pass(30 * second)
    expect(server.view).toMatchObject({ orgId: 'org_a' })
    expect(b.state).toBe('open | confirmed')
  })

  it('for any order of the requests', { timeout: 60_000 }, async () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 1e6)
    console.log(`SEED=${seed}`)
    for (let each = seed; each < seed + 200; each += 1) {
      const { server, focused, latePosts } = await switchAtRandom(each)
      expect(server.view?.orgId, `SEED=${each}`).toBe(focused.context.identity?.orgId)
      expect(latePosts, `SEED=${each}`).toBe(0)
    }
  })
})

it('a tab without focus does not take the view back after a reconnect that showed its own organization', async () => {
  const world = createWorld()
  const { server, pass } = world
  const member = { ...ada, orgId: 'org_a' }
  const a = await world.openTab('a').start(member)
  const b = await world.openTab('b').start(member)
  server.drop()
  await pass(5 * second)
  b.clerkSays({ ...ada, orgId: 'org_b' })
  await pass(5 * second)
  expect(server.view).toMatchObject({ orgId: 'org_b' })
  expect(a.state).toBe('open | confirmed')
  expect(server.posts).toHaveLength(2)
})

it('a focus is not lost if the tab could not hear the server, even if its view was its own', async () => {
  const { server, a, b, pass } = await openTwoTabs()
  server.drop('rotated')
  b.focus()
  expect(b.state).toBe('connecting | confirmed')
  b.blur()
  server.show({ orgId: 'org_a' })
  await pass(5 * second)
  expect(server.view).toMatchObject({ orgId: 'org_b' })
  expect([a.state, b.state]).toEqual(Array(2).fill('open | confirmed'))
})

it('a tab whose user went to another organization and back ends on the one it went back to', async () => {
  const world = await openTwoTabs()
  const { server, a, b, pass } = world
  const letGo = holdPosts(world, 'there')
  b.clerkSays({ ...ada, orgId: 'org_c' })
  await pass(100)
  const { getToken } = b.clerk
  b.clerk.getToken = async (...wish) => {
    await new Promise<void>((resolve) => void world.clock.setTimeout(resolve, 500))
    return getToken(...wish)
  }
  b.clerkSays({ ...ada, orgId: 'org_b' })
  await pass(100)
  letGo()
  await pass(5 * second)
  expect(server.view).toMatchObject({ orgId: 'org_b' })
  expect([a.state, b.state]).toEqual(Array(2).fill('open | confirmed'))
})

/** Switches between the tabs at random, while requests and answers take some time. */
async function switchAtRandom(seed: number) {
  const world = await openTwoTabs()
  const { server, clock, pass } = world
  const random = createRandom(seed)
  const { post } = server
  const wait = () => new Promise<void>((resolve) => void clock.setTimeout(resolve, random() * 300))
  server.post = async (...request) => {
    await wait()
    const answer = await post(...request)
    await wait()
    return answer
  }
  let [focused, other] = [world.b, world.a]
  focused.focus()
  for (let turns = 2 + random() * 6; turns > 0; turns -= 1) {
    await pass(random() * 600, 20)
    ;[focused, other] = [other, focused]
    turn(other, focused)
    await settle()
  }
  await pass(5 * second)
  const before = server.posts.length
  await pass(20 * second)
  return { server, focused, latePosts: server.posts.length - before }
}
