import { authMachine } from 'authchart'
import {
  authPath,
  authPaths,
  createActorDriver,
  createAuthModel,
  requireConformance,
  runConformance,
  toReportText,
} from 'authchart/testing'
import { describe, expect, it } from 'vitest'

describe('a bare actor of the auth machine, driven along the paths of its own model', () => {
  it('behaves as the model says, through all of its states and transitions', async () => {
    const report = await runConformance(createActorDriver())
    console.info(toReportText(report))
    requireConformance(report)
    expect(report.paths.driven).toBe(report.paths.total)
    expect(report.paths.total).toBeGreaterThan(300)
  }, 300_000)

  it('behaves so along the simple paths too, by every event that leads from one configuration to another', async () => {
    const model = createAuthModel()
    const paths = authPaths({ kind: 'simple', model })
    const report = await runConformance(createActorDriver(), { paths: [{ input: {}, model, paths }] })
    console.info(toReportText(report))
    requireConformance(report, { transitions: 0.5 })
    for (const { steps } of paths) {
      const configurations = steps.map(({ state }) => JSON.stringify(state.value))
      expect(new Set(configurations).size).toBe(configurations.length)
    }
    expect(Math.max(...authPaths({ kind: 'simple', maxLength: 3, model }).map(({ weight }) => weight))).toBe(3)
  }, 300_000)
})

describe('a machine with a fault', () => {
  const faulty = authMachine.provide({ guards: { isExpired: () => false } })

  it('is reported with the path that shows it, in plain words', async () => {
    const report = await runConformance(createActorDriver({ machine: faulty }), { isBrief: true })
    const [mismatch] = report.mismatches
    expect(mismatch?.path).toContain('expiry fires')
    expect(() => requireConformance(report)).toThrow(/expiry fires[^]*expected/)
  }, 180_000)

  it('breaks a law, no matter what the model says', async () => {
    const model = createAuthModel()
    const path = ['token.received', 'xstate.done.actor.0.auth.verifying (proof)', 'session.cleared']
    const obeysNobody = authMachine.provide({ guards: { isConcerned: () => false } })
    const report = await runConformance(createActorDriver({ machine: obeysNobody }), {
      paths: [{ input: {}, model, paths: [authPath(path, model)] }],
      lawsOnly: true,
    })
    expect(report.mismatches).toMatchObject([{ of: 'law', expected: 'a sign-out and a revocation are obeyed' }])
  })
})

describe('the report', () => {
  it('calls missing coverage and an empty run too little', async () => {
    const model = createAuthModel()
    const paths = [authPath(['session.cleared'], model)]
    const report = await runConformance(createActorDriver(), { paths: [{ input: {}, model, paths }] })
    expect(report.mismatches).toEqual([])
    expect(() => requireConformance(report)).toThrow(/too little[^]*not covered: auth\.error/)
    expect(() => requireConformance(report, { states: 0.3, transitions: 0.02 })).not.toThrow()
    const empty = await runConformance(createActorDriver(), { paths: [] })
    expect(() => requireConformance(empty, { states: 0, transitions: 0 })).toThrow(/no paths/)
  })

  it('gives the reason why a path ends early, and does not count the rest as driven', async () => {
    const model = createAuthModel()
    const driver = createActorDriver()
    const paths = [authPath(['token.received', 'session.revoked'], model)]
    const report = await runConformance(
      {
        ...driver,
        start: async (plan) => ({
          ...(await driver.start(plan)),
          cannot: ({ kind }) => (kind === 'revoke' ? 'this app hears of no revocations' : null),
        }),
      },
      { paths: [{ input: {}, model, paths }] },
    )
    expect(report).toMatchObject({ paths: { total: 1, driven: 0 }, steps: { total: 2, driven: 1 } })
    expect(report.undriven).toEqual([
      { reason: 'this app hears of no revocations', paths: 1, steps: ['Clerk revokes the session'] },
    ])
    expect(toReportText(report)).toContain('1 paths end early: this app hears of no revocations')
  })

  it('names a step that is not possible at its place', () => {
    expect(() => authPath(['token.received', 'xstate.after.expiry.auth.signedIn'])).toThrow(
      /is no event of "verifying"/,
    )
  })
})
