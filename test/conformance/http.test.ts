import {
  authPath,
  createAuthModel,
  createClerkEmulator,
  createHttpDriver,
  pickCovering,
  requireConformance,
  runConformance,
  toModelPaths,
  toReportText,
  type HttpDriverOptions,
} from 'authchart/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { serveApp } from './serve-app.ts'
import { useVirtualTime } from './virtual-time.ts'

/**
 * This transition needs a token that passes its check and expires before its verdict. A real verifier checks the time
 * last.
 */
const beyondReach = ['auth.verifying --xstate.done.actor.0.auth.verifying[1]--> auth.error']

async function startDriver(options: Partial<HttpDriverOptions> = {}) {
  const time = useVirtualTime()
  const clerk = await createClerkEmulator()
  onTestFinished(() => clerk.close())
  return createHttpDriver({ clerk, time, serve: serveApp, ...options })
}

describe('the h3 server over HTTP and SSE, driven along the paths of the machine', () => {
  it('shows at every step what the machine shows, and its own machines go through every transition but one', async () => {
    const report = await runConformance(await startDriver({ isInspected: true }))
    console.info(toReportText(report))
    requireConformance(report, { transitions: 47 / 48 })
    expect(report.transitions.missed).toEqual(beyondReach)
    expect(report.counted).toBe('in the system')
  }, 900_000)

  it('shows the same with its sessions as they are held without an inspector', async () => {
    const paths = pickCovering(toModelPaths({}))
    const report = await runConformance(await startDriver(), { paths })
    expect(report.mismatches).toEqual([])
    expect(report.counted).toBe('by the model')
    expect(report.steps.driven).toBeGreaterThan(100)
  }, 300_000)

  it('shows the other setting if the server did not get the setting of the path', async () => {
    const model = createAuthModel()
    const path = authPath(
      [
        'token.received',
        'xstate.done.actor.0.auth.verifying (proof)',
        'token.received',
        'xstate.error.actor.0.auth.signedIn.renewing (token-signature)',
      ],
      model,
    )
    const driver = await startDriver({ serve: (options) => serveApp({ ...options, refusedToken: 'signOut' }) })
    const report = await runConformance(driver, { paths: [{ input: {}, model, paths: [path] }] })
    expect(report.mismatches).toMatchObject([
      { of: 'view', expected: { state: 'signedIn' }, actual: { state: 'signedOut' } },
    ])
    expect(report.mismatches[0]?.path).toMatch(/the check fails: token-signature$/)
  }, 180_000)
})
