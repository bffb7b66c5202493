import { describe, expect, it } from 'vitest'
import {
  toAuthStatus,
  toAuthStatusFacts,
  type AuthStatus,
  type AuthStatusFacts,
} from '../../machines/sync/auth-status.ts'
import { toError } from './model-server.ts'
import { ada, bob, createWorld, settle } from './world.ts'

const values = {
  clerk: ['loading', 'signedIn', 'signedOut'],
  state: ['unchecked', 'verifying', 'signedIn', 'signedOut', 'error'],
  isHeld: [true, false],
  isSameSession: [true, false],
  isFinal: [true, false],
  sync: ['settled', 'due', 'degraded'],
} as const

/** All possible combinations of facts. Only a signed-in view is held. */
const all: AuthStatusFacts[] = values.clerk.flatMap((clerk) =>
  values.state.flatMap((state) =>
    values.isHeld.flatMap((isHeld) =>
      values.isSameSession.flatMap((isSameSession) =>
        values.isFinal.flatMap((isFinal) =>
          values.sync.map((sync) => ({ clerk, state, isHeld, isSameSession, isFinal, sync })),
        ),
      ),
    ),
  ),
)
const possible = all.filter(({ state, isHeld }) => !isHeld || state === 'signedIn')

describe('the truth table', () => {
  // The columns are clerk, state, held, same session, final and sync, and then the status. `-` means any value.
  const table = `
    loading   signedIn   yes -   -   settled  authenticated
    loading   signedIn   yes -   -   due      authenticated
    loading   signedIn   yes -   -   degraded authenticated
    loading   -          no  -   -   settled  loading
    loading   -          no  -   -   due      loading
    loading   -          no  -   -   degraded failed
    signedIn  signedIn   yes yes -   -        authenticated
    signedIn  signedIn   yes no  -   settled  authenticated
    signedIn  signedIn   yes no  -   due      loading
    signedIn  signedIn   yes no  -   degraded failed
    signedIn  -          no  -   -   due      loading
    signedIn  signedOut  no  -   yes settled  failed
    signedIn  signedOut  no  -   yes degraded failed
    signedIn  signedOut  no  -   no  settled  loading
    signedIn  signedOut  no  -   no  degraded failed
    signedIn  error      no  -   -   settled  failed
    signedIn  error      no  -   -   degraded failed
    signedIn  unchecked  no  -   -   settled  loading
    signedIn  unchecked  no  -   -   degraded failed
    signedIn  verifying  no  -   -   settled  loading
    signedIn  verifying  no  -   -   degraded failed
    signedIn  signedIn   no  -   -   settled  loading
    signedIn  signedIn   no  -   -   degraded failed
    signedOut signedIn   yes -   -   settled  authenticated
    signedOut signedIn   yes -   -   due      loading
    signedOut signedIn   yes -   -   degraded failed
    signedOut signedOut  no  -   -   -        unauthenticated
    signedOut error      no  -   -   settled  failed
    signedOut error      no  -   -   due      loading
    signedOut error      no  -   -   degraded failed
    signedOut unchecked  no  -   -   settled  loading
    signedOut unchecked  no  -   -   due      loading
    signedOut unchecked  no  -   -   degraded failed
    signedOut verifying  no  -   -   settled  loading
    signedOut verifying  no  -   -   due      loading
    signedOut verifying  no  -   -   degraded failed
    signedOut signedIn   no  -   -   settled  loading
    signedOut signedIn   no  -   -   due      loading
    signedOut signedIn   no  -   -   degraded failed`
  const rows = table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
  const fits = (cell: string | undefined, fact: string | boolean) =>
    cell === '-' || cell === (fact === true ? 'yes' : fact === false ? 'no' : fact)
  const matching = (facts: AuthStatusFacts) =>
    rows.filter((row) => Object.values(facts).every((fact: string | boolean, index) => fits(row[index], fact)))

  it('has exactly one row for each of the possible combinations', () => {
    for (const facts of possible) expect(matching(facts), JSON.stringify(facts)).toHaveLength(1)
    for (const row of rows)
      expect(
        possible.some((facts) => matching(facts).includes(row)),
        row.join(' '),
      ).toBe(true)
  })

  it('equals the result of toAuthStatus', () => {
    for (const facts of possible) expect(toAuthStatus(facts), JSON.stringify(facts)).toBe(matching(facts)[0]?.[6])
  })

  it('shows the sign-in page only on a signed-out view, with Clerk signed out too', () => {
    for (const facts of possible.filter((each) => toAuthStatus(each) === 'unauthenticated')) {
      expect(facts.state).toBe('signedOut')
      expect(facts.clerk).toBe('signedOut')
    }
  })
})

describe('the status of a tab over time', () => {
  async function watch(openWith?: (world: ReturnType<typeof createWorld>) => void) {
    const world = createWorld()
    openWith?.(world)
    const tab = world.openTab()
    const seen: AuthStatus[] = []
    const note = () => {
      const status = toAuthStatus(toAuthStatusFacts(tab.actor.getSnapshot()))
      if (status !== seen.at(-1)) seen.push(status)
    }
    note()
    tab.actor.subscribe(note)
    return { ...world, tab, seen }
  }

  it('a sign-in and a sign-out', async () => {
    const { tab, seen } = await watch()
    await tab.start(undefined)
    tab.clerkSays(null)
    await settle()
    tab.clerkSays(ada)
    await settle()
    tab.clerkSays(null)
    await settle()
    expect(seen).toEqual(['loading', 'unauthenticated', 'loading', 'authenticated', 'loading', 'unauthenticated'])
  })

  it('a reload while signed in shows no sign-in page, although the server holds the tab signed out at first', async () => {
    const { tab, seen, server } = await watch()
    await tab.start(undefined)
    server.signOut('token-expired')
    tab.clerkSays(ada)
    await settle()
    expect(seen).toEqual(['loading', 'authenticated'])
  })

  it('many renewals do not flicker', async () => {
    const { tab, seen, pass } = await watch()
    await tab.start(ada)
    await pass(600_000, 200)
    expect(seen).toEqual(['loading', 'authenticated'])
  })

  it('a page asleep past expiry does not flash the sign-in page', async () => {
    const { tab, seen, server, sleep, pass } = await watch()
    await tab.start(ada)
    server.signOut('token-expired')
    server.drop()
    await pass(100)
    sleep(3_600_000)
    tab.focus()
    await pass(10_000)
    expect(seen.filter((status) => status === 'unauthenticated')).toEqual([])
    expect(seen.at(-1)).toBe('authenticated')
  })

  it('another user: loading in between, and never the first user under the name of the second', async () => {
    const { tab, seen } = await watch()
    await tab.start(ada)
    tab.clerkSays(bob)
    await settle()
    expect(seen).toEqual(['loading', 'authenticated', 'loading', 'authenticated'])
  })

  it('another organization of the same session: authenticated throughout', async () => {
    const { tab, seen } = await watch()
    await tab.start(ada)
    tab.clerkSays({ ...ada, orgId: 'org_1' })
    await settle()
    expect(seen).toEqual(['loading', 'authenticated'])
  })

  it('a getToken that fails: authenticated while the view is valid, then failed, and no sign-in page', async () => {
    const { tab, seen, pass } = await watch()
    await tab.start(ada)
    tab.clerk.mode = 'null'
    await pass(300_000, 200)
    expect(seen.slice(0, 2)).toEqual(['loading', 'authenticated'])
    expect(seen.at(-1)).toBe('failed')
    expect(seen).not.toContain('unauthenticated')
  })

  it('a retry after giving up does not flicker', async () => {
    const { tab, seen, pass } = await watch()
    tab.clerk.mode = 'null'
    await tab.start(ada)
    await pass(600_000, 200)
    expect(seen).toEqual(['loading', 'failed'])
  })

  it('a server out of reach: loading, then failed, and the earlier status when it is back', async () => {
    const { tab, seen, server, pass } = await watch(({ server }) => {
      server.streamFailure = server.pollFailure = toError('draining')
    })
    await tab.start(ada)
    await pass(60_000)
    expect(seen).toEqual(['loading', 'failed'])
    server.streamFailure = null
    tab.focus()
    await settle()
    expect(seen.at(-1)).toBe('authenticated')
  })

  it('a dashboard without a user that a deployment refuses: failed when its view ends, and recovers by itself', async () => {
    const { tab, seen, server, pass } = await watch()
    await tab.start(ada)
    server.streamFailure = toError('not-found')
    server.drop()
    await pass(3_600_000, 1_000)
    expect(seen).toEqual(['loading', 'authenticated', 'failed'])
    server.streamFailure = null
    await pass(361_000, 1_000)
    expect(seen).toEqual(['loading', 'authenticated', 'failed', 'loading', 'authenticated'])
  })

  it.each([
    ['a revocation', 'session-revoked'],
    ['the end of a lifetime', 'session-expired'],
  ] as const)(
    '%s: failed while Clerk is signed in, because its sign-in page would send the user away',
    async (_, code) => {
      const { tab, seen, server, pass } = await watch()
      await tab.start(ada)
      server.signOut(code)
      await pass(1_000)
      expect(seen).toEqual(['loading', 'authenticated', 'failed'])
      tab.clerkSays(null)
      await pass(1_000)
      expect(seen.slice(3)).toEqual(['unauthenticated'])
      tab.clerkSays({ ...ada, sessionId: 'sess_next' })
      await pass(1_000)
      expect(seen.at(-1)).toBe('authenticated')
    },
  )

  it('a refusal of every token: failed, and never the sign-in page while Clerk is signed in', async () => {
    const { tab, seen, pass } = await watch(({ server }) => (server.postFailure = toError('token-claims')))
    await tab.start(ada)
    await pass(60_000)
    expect(seen).toEqual(['loading', 'failed'])
  })
})
