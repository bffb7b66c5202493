import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createMemorySessionStore, type AuthServerOptions } from '../../adapters/h3/index.ts'
import type { AuthRule } from '../../machines/index.ts'
import { eventually, startServer, useVirtualTime } from './harness.ts'

const toOrg = (rol: string, id = 'org_1') => ({ o: { id, rol } })

/** Starts a server with a feed that a rule guards, and collects the signals of the feeds. */
async function startFeed(rule: AuthRule | undefined, options: AuthServerOptions = {}) {
  const signals: AbortSignal[] = []
  const server = await startServer(options, (app, auth) => {
    app.get('/feed', (event) => {
      signals.push(auth.signal(event, rule))
      return 'feeding'
    })
  })
  const browser = server.browser()
  const feed = async () => {
    await browser.get('/feed')
    return signals.at(-1)!
  }
  return { server, browser, feed }
}

/** Lets time pass, so that the next token is newer than the ones before. */
const pass = (ms = 1_000) => vi.advanceTimersByTimeAsync(ms)

describe('a signal of a rule', () => {
  it('outlives renewals, and aborts when the role is lost', async () => {
    useVirtualTime()
    const { server, browser, feed } = await startFeed({ role: 'admin' })
    await browser.token(server.mint(toOrg('admin')))
    const signal = await feed()
    await pass()
    await browser.token(server.mint(toOrg('admin')))
    expect([signal.aborted, await feed()]).toEqual([false, signal])
    await pass()
    await browser.token(server.mint(toOrg('member')))
    expect([signal.aborted, signal.reason]).toMatchObject([true, { code: 'forbidden' }])
    expect((await feed()).aborted).toBe(true)
    await pass()
    await browser.token(server.mint(toOrg('admin')))
    expect((await feed()).aborted).toBe(false)
  })

  it.each<[AuthRule | undefined]>([[undefined], [{ role: 'admin' }]])(
    'is followed by very many requests, without a warning of a leak: %j',
    async (rule) => {
      const warnings: Error[] = []
      const note = (warning: Error) => void warnings.push(warning)
      process.on('warning', note)
      onTestFinished(() => void process.off('warning', note))
      const { server, browser, feed } = await startFeed(rule)
      await browser.token(server.mint(toOrg('admin')))
      let ended = 0
      for (let count = 0; count < 20; count += 1) {
        const signal = await feed()
        signal.addEventListener('abort', () => void (ended += 1))
      }
      await browser.clear()
      expect(ended).toBe(20)
      expect(warnings).toEqual([])
    },
  )

  it('aborts when the organization changes, even if the role there is the same', async () => {
    useVirtualTime()
    const { server, browser, feed } = await startFeed({ role: 'admin' })
    await browser.token(server.mint(toOrg('admin')))
    const signal = await feed()
    await pass()
    await browser.token(server.mint(toOrg('admin', 'org_2')))
    expect([signal.aborted, signal.reason]).toMatchObject([true, { code: 'forbidden' }])
    expect((await feed()).aborted).toBe(false)
  })

  it('aborts when the user loses a feature, or is impersonated', async () => {
    for (const [rule, after] of [
      [{ feature: 'export' }, { fea: 'u:reports' }],
      [{ impersonation: false }, { fea: 'u:export', act: { sub: 'user_support' } }],
    ] as const) {
      useVirtualTime()
      const { server, browser, feed } = await startFeed(rule)
      await browser.token(server.mint({ fea: 'u:export' }))
      const signal = await feed()
      expect(signal.aborted).toBe(false)
      await pass()
      await browser.token(server.mint(after))
      expect(signal.reason).toMatchObject({ code: 'forbidden' })
    }
  })

  it("aborts when the user's last verification is too long ago, and not before", async () => {
    useVirtualTime()
    const { server, browser, feed } = await startFeed({ freshness: 10 })
    await browser.token(server.mint({ fva: [8, -1] }))
    const signal = await feed()
    await pass(60_000)
    await browser.token(server.mint({ fva: [9, -1] }))
    await pass(59_000)
    expect(signal.aborted).toBe(false)
    await pass(1_001)
    expect(signal.reason).toMatchObject({ code: 'reverification-needed' })
  })

  it('aborts at sign-out and for another user, each with its reason', async () => {
    const { server, browser, feed } = await startFeed({})
    await browser.token(server.mint())
    const first = await feed()
    await browser.token(server.mint({ sub: 'user_b', sid: 'sess_b' }))
    const second = await feed()
    await browser.clear()
    for (const { reason } of [first, second]) expect(reason).toMatchObject({ code: 'not-signed-in' })
    expect((await feed()).reason).toMatchObject({ code: 'not-signed-in' })
  })

  it('aborts on a node that learns of the demotion from another', async () => {
    useVirtualTime()
    const store = createMemorySessionStore()
    const here = await startFeed({ role: 'admin' }, { store })
    const there = await startServer({ store })
    await here.browser.token(here.server.mint(toOrg('admin')))
    const signal = await here.feed()
    await pass()
    const cookie = here.browser.cookie ?? ''
    await there.post({ type: 'token.received', token: there.mint(toOrg('member')) }, { cookie })
    await eventually(() => signal.aborted, 'the signal')
    expect(signal.reason).toMatchObject({ code: 'forbidden' })
  })

  it('also guards a session that so far only the store has', async () => {
    const store = createMemorySessionStore()
    const there = await startServer({ store })
    const browser = there.browser()
    await browser.token(there.mint(toOrg('member')))
    const { server, feed, browser: here } = await startFeed({ role: 'admin' }, { store })
    here.cookie = browser.cookie
    const signal = await feed()
    await eventually(() => signal.aborted, 'the signal')
    expect(signal.reason).toMatchObject({ code: 'forbidden' })
    expect(server.auth.stats().sessions).toBe(1)
  })

  it('refuses a rule that cannot be used, by name', async () => {
    const { server, browser } = await startFeed(undefined)
    await browser.token(server.mint())
    const event = { req: new Request(server.url) } as never
    expect(() => server.auth.signal(event, { rol: 'admin' } as never)).toThrow(/signal: rol is not an option/)
    expect(() => server.auth.signal(event, { freshness: 0 })).toThrow(/signal: freshness must be/)
    expect(() => server.auth.signal(event, { role: undefined })).toThrow(/signal: role must be a role/)
  })
})

describe('onAuthChange', () => {
  it('reports another organization or role if the listener asks for it', async () => {
    useVirtualTime()
    const server = await startServer()
    const browser = server.browser()
    const all: unknown[] = []
    const identities: unknown[] = []
    server.auth.onAuthChange(
      ({ view, previous, reason }) => all.push([reason, previous.orgRole, view.orgId, view.orgRole]),
      {
        organization: true,
      },
    )
    server.auth.onAuthChange(({ reason }) => identities.push(reason))
    for (const org of [toOrg('admin'), toOrg('admin'), toOrg('member'), toOrg('member', 'org_2'), {}]) {
      await browser.token(server.mint(org))
      await pass()
    }
    expect(all).toEqual([
      ['token', null, 'org_1', 'org:admin'],
      ['token', 'org:admin', 'org_1', 'org:member'],
      ['token', 'org:member', 'org_2', 'org:member'],
      ['token', 'org:member', null, null],
    ])
    expect(identities).toEqual(['token'])
  })
})
