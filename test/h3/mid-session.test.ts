import { describe, expect, it, vi } from 'vitest'
import type { AuthView } from '../../machines/index.ts'
import { eventually, startServer, useVirtualTime, virtualEpoch } from './harness.ts'

const issuer = 'https://clerk.example.test'

/** Starts a server whose checks of good tokens wait until the test releases them. */
async function startHeld() {
  const checks: (() => void)[] = []
  const server = await startServer({
    claims: { issuer, validate: () => new Promise<void>((resolve) => void checks.push(resolve)) },
  })
  const pass = async (nth: number) => {
    await eventually(() => checks.length >= nth, `check ${nth}`)
    checks[nth - 1]?.()
  }
  return { server, checks, pass }
}

describe('junk posted after a valid token', () => {
  it('changes nothing during the check: still signed in, and the valid token is accepted', async () => {
    const { server, checks, pass } = await startHeld()
    const browser = server.browser()
    const first = browser.token(server.mint())
    await pass(1)
    const { body: before } = await first
    const good = browser.token(server.mint({ email: 'ada@example.test', exp: Math.floor(Date.now() / 1_000) + 90 }))
    await eventually(() => checks.length === 2, 'the check')
    const junk = [browser.token('junk'), browser.token(server.mint({ iss: 'https://evil.example' }))]
    await pass(2)
    const { body: after } = await good
    expect([after.isSignedIn, (after.expiresAt ?? 0) > (before.expiresAt ?? 0)]).toEqual([true, true])
    for (const { status, body } of await Promise.all(junk)) {
      expect(status).toBeGreaterThanOrEqual(400)
      expect(body.view?.isSignedIn).toBe(true)
    }
    expect((await browser.session()).body).toMatchObject({ isSignedIn: true, expiresAt: after.expiresAt })
  })

  it('changes nothing 10 ms before the end, during a renewal', async () => {
    useVirtualTime()
    const { server, checks, pass } = await startHeld()
    const browser = server.browser()
    const first = browser.token(server.mint())
    await pass(1)
    await first
    vi.setSystemTime(virtualEpoch + 119_990)
    const renewal = browser.token(server.mint())
    await eventually(() => checks.length === 2, 'the renewal')
    const junk = browser.token('junk')
    await vi.advanceTimersByTimeAsync(20)
    await pass(2)
    expect((await renewal).body.isSignedIn).toBe(true)
    expect((await junk).body.view?.isSignedIn).toBe(true)
    expect((await browser.session()).body.isSignedIn).toBe(true)
  })
})

it('a change of user, organisation and Clerk session is one view that never mixes old and new', async () => {
  const server = await startServer()
  const browser = server.browser()
  const identities = ['a', 'b', 'c', 'd'].map((name) => ({
    userId: `user_${name}`,
    sessionId: `sess_${name}`,
    orgId: `org_${name}`,
  }))
  const stream = await browser.open()
  const seen: Pick<AuthView, 'userId' | 'sessionId' | 'orgId'>[] = []
  for (const { userId, sessionId, orgId } of identities) {
    await browser.token(server.mint({ sub: userId, sid: sessionId, o: { id: orgId } }))
    for (;;) {
      const view = await stream.view()
      if (view.userId === null) continue
      seen.push({ userId: view.userId, sessionId: view.sessionId, orgId: view.orgId })
      expect(view.claims).toMatchObject({ sub: view.userId, sid: view.sessionId, o: { id: view.orgId } })
      if (view.userId === userId) break
    }
  }
  for (const shown of seen) expect(identities).toContainEqual(shown)
  expect(seen.at(-1)).toEqual(identities[3])
})
