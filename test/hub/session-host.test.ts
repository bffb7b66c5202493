import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createActorHosts } from '../../adapters/hub/hosts/actor-host.ts'
import { compileChart } from '../../adapters/hub/hosts/compile-chart.ts'
import type { HostOwner, HostSignal, SessionHostOptions, StartHost } from '../../adapters/hub/hosts/session-host.ts'
import { createSnapshotHosts } from '../../adapters/hub/hosts/snapshot-host.ts'
import type { AuthContext } from '../../machines/auth-context.ts'
import {
  AuthError,
  authMachine,
  BearerToken,
  toAuthView,
  type AuthInput,
  type VerifiedSession,
} from '../../machines/index.ts'
import { createProof, virtualEpoch } from '../kit/auth-fixtures.ts'
import { createAuthModel, modelRandom, modelTombstone, type AuthModelEvent } from '../kit/auth-model.ts'
import { authPaths, type AuthPath } from '../kit/auth-paths.ts'

interface Check {
  readonly signal: AbortSignal
  resolve(session: VerifiedSession): void
  reject(error: unknown): void
}

const errors: unknown[] = []

/** Starts a host under virtual time. The test settles its checks. */
function startHost(createHosts: (options: SessionHostOptions) => StartHost, input: AuthInput = {}) {
  const checks: Check[] = []
  const signals: HostSignal[] = []
  const owner: HostOwner = { receive: (signal) => void signals.push(signal) }
  const skew = { ms: 0 }
  const host = createHosts({
    verifyToken: (_, { signal }) => new Promise((resolve, reject) => void checks.push({ signal, resolve, reject })),
    input: { random: () => modelRandom, tombstone: modelTombstone, ...input, now: () => Date.now() + skew.ms },
    onError: (_, error) => void errors.push(error),
  })('channel', { receive: (signal) => owner.receive(signal) })
  return {
    host,
    checks,
    owner,
    signals,
    skew,
    view: () => host.view({ now: Date.now() + skew.ms, channel: 'channel', rev: 1 }),
  }
}

const hosts = {
  actor: (options: SessionHostOptions) => createActorHosts({ ...options, inspect() {} }),
  snapshot: (options: SessionHostOptions) =>
    createSnapshotHosts({ ...options, chart: compileChart<AuthContext>(authMachine)! }),
}

const turn = async () => {
  for (let round = 0; round < 4; round += 1) await Promise.resolve()
}

beforeEach(() => {
  errors.length = 0
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'], now: virtualEpoch })
})
afterEach(() => {
  vi.useRealTimers()
  if (errors.length > 0) throw new AggregateError(errors, 'a host has contained errors')
})

/**
 * Drives a path and compares each view with the model's.
 *
 * @returns everything that the host reported
 */
async function drive(
  kind: keyof typeof hosts,
  path: AuthPath,
  input: AuthInput,
  model: ReturnType<typeof createAuthModel>,
) {
  vi.setSystemTime(virtualEpoch)
  const start = performance.now()
  const { host, checks, signals, skew, view } = startHost(hosts[kind], input)
  for (const { event, state } of path.steps.slice(1)) {
    const time = model.timeOf(state)
    skew.ms = time.skew
    const ahead = time.elapsed - (performance.now() - start)
    if (event.type.startsWith('xstate.done.actor')) checks.at(-1)?.resolve(event['output'] as VerifiedSession)
    else if (event.type.startsWith('xstate.error.actor')) checks.at(-1)?.reject(event['error'])
    else if (ahead > 0) vi.advanceTimersByTime(ahead)
    else host.send(event as never)
    await turn()
    const { channel: _, rev: __, ...expected } = toAuthView(state, { now: virtualEpoch + time.elapsed + time.skew })
    expect(view(), describePath(path.steps.map((step) => step.event))).toMatchObject(expected)
  }
  host.stop()
  return signals.filter(({ type }) => type !== 'view.changed')
}

const describePath = (events: readonly AuthModelEvent[]) => events.map(({ label, type }) => label ?? type).join(' → ')

describe('a session host', () => {
  it.each([
    ['keeping a session against a refused token', {}],
    ['signing out on a refused token', { refusedToken: 'signOut' } as const],
  ])(
    'behaves on every path of the model as a snapshot as it does as an actor, %s',
    async (_, input) => {
      const model = createAuthModel(input)
      const paths = authPaths({ model })
      expect(paths.length).toBeGreaterThan(100)
      for (const path of paths) {
        const told = await drive('snapshot', path, input, model)
        expect(told, describePath(path.steps.map(({ event }) => event))).toEqual(
          await drive('actor', path, input, model),
        )
      }
    },
    120_000,
  )
})

describe.each(Object.keys(hosts) as (keyof typeof hosts)[])('a session held as a %s', (kind) => {
  const token = new BearerToken('a.b.c')
  const received = (id: string) => ({ type: 'token.received', token, id }) as const

  it('aborts the check that a sign-out ends, and ignores its result', async () => {
    const { host, checks, view } = startHost(hosts[kind])
    host.send(received('1'))
    host.send({ type: 'session.cleared' })
    expect(checks[0]?.signal.aborted).toBe(true)
    checks[0]?.resolve(createProof({ issuedAt: virtualEpoch }))
    await turn()
    expect(view()).toMatchObject({ state: 'signedOut', isSignedIn: false })
  })

  it('processes an event that a listener sends after the event that the listener got', async () => {
    const { host, checks, owner, signals, view } = startHost(hosts[kind])
    owner.receive = (signal) => {
      signals.push(signal)
      if (signal.type === 'token.settled' && signal.id === '1') host.send({ type: 'session.cleared' })
    }
    host.send(received('1'))
    checks[0]?.resolve(createProof({ issuedAt: virtualEpoch }))
    await turn()
    expect(signals.map(({ type }) => type)).toEqual(['view.changed', 'token.settled', 'view.changed', 'view.changed'])
    expect(view().state).toBe('signedOut')
  })

  it('leaves no timer behind and receives nothing more once it is stopped', async () => {
    const { host, checks, signals } = startHost(hosts[kind])
    host.send(received('1'))
    checks[0]?.resolve(createProof({ issuedAt: virtualEpoch }))
    await turn()
    host.stop()
    signals.length = 0
    vi.advanceTimersByTime(600_000)
    host.send({ type: 'session.cleared' })
    expect(signals).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('counts a check that fails with any error as undecided', async () => {
    const { host, checks, view } = startHost(hosts[kind])
    host.send(received('1'))
    checks[0]?.reject(new AuthError('keys-unavailable'))
    await turn()
    expect(view()).toMatchObject({ state: 'error', error: { code: 'keys-unavailable' } })
  })
})

it('goes on after a tombstone look-up that throws, and reports it', async () => {
  const { host, checks, view } = startHost(hosts.snapshot, {
    tombstone() {
      throw new Error('the look-up is broken')
    },
  })
  host.send({ type: 'token.received', token: new BearerToken('a.b.c'), id: '1' })
  checks[0]?.resolve(createProof({ issuedAt: virtualEpoch }))
  await turn()
  expect(errors.splice(0)).toEqual([
    expect.objectContaining({ message: expect.stringContaining('the look-up is broken') }),
  ])
  expect(view().isSignedIn).toBe(false)
  vi.advanceTimersByTime(5_000)
  expect(view()).toMatchObject({ state: 'error', error: { code: 'verify-timeout' } })
})
