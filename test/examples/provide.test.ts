import { describe, expect, it, onTestFinished } from 'vitest'
import { createActor, SimulatedClock, waitFor, type AnyStateMachine } from 'xstate'
import { createOwnAuth } from '../../docs/examples/provide/auth.ts'
import { createOwnJwks } from '../../docs/examples/provide/jwks.ts'
import { createPollingSync } from '../../docs/examples/provide/sync.ts'
import { authMachine, BearerToken, jwksMachine, syncMachine, type VerifiedSession } from '../../machines/index.ts'
import { createBrowser } from '../client/browser.ts'
import { mintToken, startServer } from '../client/real-server.ts'
import { createProof, virtualEpoch } from '../kit/auth-fixtures.ts'

const polling = createPollingSync({ fetch, getToken: async () => null, interval: 1_000 })
const ownAuth = createOwnAuth(() => Promise.reject(new Error('not asked')))
const ownJwks = createOwnJwks(() => Promise.reject(new Error('not asked')))

it.each<[string, AnyStateMachine, AnyStateMachine]>([
  ['auth', authMachine, ownAuth],
  ['jwks', jwksMachine, ownJwks],
  ['sync', syncMachine, polling],
])('%s.ts provides every actor, delay and guard of its machine', (_, machine, own) => {
  for (const kind of ['actors', 'delays', 'guards'] as const) {
    const before = machine.implementations[kind] as Record<string, unknown>
    const after = own.implementations[kind] as Record<string, unknown>
    expect(Object.keys(after)).toEqual(Object.keys(before))
    for (const name of Object.keys(before)) expect(after[name], `${kind}.${name}`).not.toBe(before[name])
  }
})

describe('auth.ts', () => {
  async function start(...proofs: VerifiedSession[]) {
    const clock = new SimulatedClock()
    const actor = createActor(
      createOwnAuth(async () => proofs.shift() ?? Promise.reject(new Error('no more'))),
      { clock, input: { now: () => virtualEpoch + clock.now() } },
    ).start()
    const send = async () => {
      actor.send({ type: 'token.received', token: new BearerToken('a.b.c') })
      await new Promise((resolve) => setImmediate(resolve))
    }
    return { actor, clock, send, value: () => actor.getSnapshot().value }
  }

  it('lets one organization in, until exactly ten seconds before the end of its token', async () => {
    const { clock, send, value } = await start(createProof({ orgId: 'org_ours' }))
    await send()
    expect(value()).toEqual({ signedIn: 'current' })
    clock.increment(60_000)
    expect(value()).toBe('signedOut')
  })

  it('keeps all others out, and signs out on a refused token', async () => {
    const others = await start(createProof())
    others.clock.increment(2_999)
    expect(others.value()).toEqual({ unchecked: 'waiting' })
    others.clock.increment(1)
    expect(others.value()).toEqual({ unchecked: 'timedOut' })

    const strict = await start(
      createProof({ orgId: 'org_ours' }),
      createProof({ orgId: 'org_ours', status: 'pending' }),
    )
    await strict.send()
    expect(strict.value()).toEqual({ signedIn: 'current' })
    await strict.send()
    expect(strict.value()).toEqual({ signedIn: 'current' })
    await strict.send()
    expect(strict.value()).toEqual({ signedIn: 'current' })
  })
})

describe('jwks.ts', () => {
  it('waits for its own times', async () => {
    const clock = new SimulatedClock()
    const answers = [Promise.reject(new Error('down')), Promise.resolve('keys')]
    let asked = 0
    const machine = createOwnJwks(() => answers[(asked += 1) - 1]!)
    const actor = createActor(machine, { clock, input: { now: () => clock.now() } }).start()
    onTestFinished(() => void actor.stop())
    const turn = () => new Promise((resolve) => setImmediate(resolve))
    actor.send({ type: 'keys.needed' })
    await turn()
    expect(actor.getSnapshot().value).toEqual({ failed: 'due' })
    clock.increment(29_999)
    expect(asked).toBe(1)
    clock.increment(1)
    await turn()
    expect(actor.getSnapshot()).toMatchObject({ value: { fresh: 'current' }, context: { keys: 'keys' } })
  })
})

describe('sync.ts', () => {
  it('signs in and out at a real server without a stream', async () => {
    const server = await startServer()
    onTestFinished(() => server.close())
    const ada = { userId: 'user_ada', sessionId: 'sess_1', orgId: null, orgRole: null }
    const browser = createBrowser(server.origin)
    const machine = createPollingSync({ fetch: browser.fetch, getToken: () => mintToken(ada), interval: 50 })
    const actor = createActor(machine, { input: { tab: 'tab1' } }).start()
    onTestFinished(() => void actor.stop())
    actor.send({ type: 'client.started' })
    actor.send({ type: 'clerk.changed', isLoaded: true, identity: ada })
    await waitFor(actor, ({ context }) => context.view.isSignedIn, { timeout: 10_000 })
    expect(server.auth.stats().signedIn).toBe(1)
    expect(actor.getSnapshot().value).toMatchObject({ session: 'confirmed' })

    actor.send({ type: 'clerk.changed', isLoaded: true, identity: null })
    await waitFor(actor, ({ context }) => context.view.state === 'signedOut', { timeout: 10_000 })
    expect(server.auth.stats().signedIn).toBe(0)
    expect(browser.requests.some(({ path, method }) => method === 'GET' && path === '/auth/events')).toBe(false)
  })
})
