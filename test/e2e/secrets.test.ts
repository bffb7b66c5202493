import { createMemorySessionStore, type SessionStore } from 'authchart/h3'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { findChromium } from './browser.ts'
import { toInspectionText } from './page/to-inspection-text.ts'
import { postToken } from './post-token.ts'
import { useBrowser } from './use-browser.ts'
import { signIn, signOut, type World } from './world.ts'

/** Creates a store that keeps a copy of everything that it receives. */
function createRecordingStore(calls: string[]): SessionStore {
  return new Proxy(createMemorySessionStore(), {
    get(store, name: keyof SessionStore) {
      const method = store[name] as ((...parameters: unknown[]) => unknown) | undefined
      if (!method) return undefined
      return (...parameters: unknown[]) => {
        calls.push(`${name} ${JSON.stringify(parameters)}`)
        return method(...parameters)
      }
    },
  })
}

/**
 * Creates tokens that are refused, each for another reason, and one that cannot be checked because its keys are
 * missing.
 */
function createBadTokens({ clerk, app }: World): string[] {
  const session = clerk.createSession('user_ada')
  const right = { session, azp: app.url }
  return [
    clerk.mintToken({ ...right, key: 'foreign' }),
    clerk.mintToken({ ...right, ttl: -3600 }),
    clerk.mintToken({ ...right, azp: 'https://elsewhere.test' }),
    clerk.mintToken({ ...right, header: { alg: 'none' } }),
    clerk.mintToken({ ...right, header: { kid: 'ins_nobody' } }),
    `${clerk.mintToken(right)}.more`,
    clerk.mintToken({ ...right, claims: { padding: 'x'.repeat(8_000) } }),
  ]
}

describe.runIf(findChromium())('raw tokens', () => {
  const openWorld = useBrowser()

  it('appear in no log, frame, answer, snapshot, inspection event, record, statistic or console', async () => {
    const inspected: string[] = []
    const stored: string[] = []
    const world = await openWorld({
      page: { inspect: true, hasRouter: true },
      auth: {
        store: createRecordingStore(stored),
        inspect: (event) => inspected.push(toInspectionText(event)),
      },
    })
    const { app, clerk } = world
    const tab = await world.openTab()
    await tab.shows('unauthenticated')
    await signIn(tab)
    await tab.shows('authenticated')
    const used = await tab.token()

    clerk.addFault({ path: '/v1/jwks', status: 500 })
    const bad = createBadTokens(world)
    const codes = new Set<unknown>()
    for (const token of bad) {
      codes.add((await postToken(world, token))['code'])
      const headers = { authorization: `Bearer ${token}` }
      await (await fetch(`${app.url}/auth/session`, { headers })).text()
      await tab.page.evaluate(async (token) => {
        const body = JSON.stringify({ type: 'token.received', token })
        const headers = { 'content-type': 'application/json' }
        return (await fetch('/auth/events', { method: 'POST', headers, body })).text()
      }, token)
    }
    expect(codes.size).toBeGreaterThanOrEqual(6)
    const signedIn = await snapshotsOf(tab.page)
    await signOut(tab)
    await tab.shows('unauthenticated')
    await postToken(world, used)

    const posted = world.posts().map(({ request }) => (JSON.parse(request) as { token?: string }).token ?? '')
    const tokens = [...new Set([used, ...bad, ...posted])].filter(Boolean)
    expect(tokens.length).toBeGreaterThanOrEqual(bad.length + 1)
    const secrets = tokens.flatMap((token) => token.split('.').slice(0, 3)).filter((part) => part.length > 20)
    expect(secrets.some((secret) => world.posts().some(({ request }) => request.includes(secret)))).toBe(true)

    const sinks = {
      'console of the page': world.console.join('\n'),
      'log of the server': app.logged.join('\n'),
      'frames of the streams': world
        .streams()
        .map(({ answer }) => answer)
        .join('\n'),
      'answers to posts': world
        .posts()
        .map(({ answer }) => answer)
        .join('\n'),
      'all other answers': app.tap.exchanges
        .filter(({ path }) => path.startsWith('/auth/session'))
        .map(({ answer }) => answer)
        .join('\n'),
      'snapshots of the client': [...signedIn, ...(await snapshotsOf(tab.page))].join('\n'),
      'inspection of the client': (await tab.page.evaluate(() => window.inspected)).join('\n'),
      'inspection of the server': inspected.join('\n'),
      'records of the store': stored.join('\n'),
      statistics: JSON.stringify(app.auth.stats()),
      'log of the emulator': JSON.stringify(clerk.requests),
    }
    for (const [sink, text] of Object.entries(sinks)) {
      expect(text.length, `${sink} has something in it`).toBeGreaterThan(10)
      expect(/eyJ[\w-]{20,}/.exec(text)?.[0], sink).toBeUndefined()
      expect(
        secrets.filter((secret) => text.includes(secret)),
        sink,
      ).toEqual([])
    }
    for (const sink of ['inspection of the client', 'inspection of the server'] as const) {
      expect(sinks[sink]).toContain('[token]')
    }
  })
})

const snapshotsOf = (page: Page) =>
  page.evaluate(() => {
    const { actor, view } = window.authClient
    return [actor.getSnapshot(), actor.getPersistedSnapshot(), view].map((each) => JSON.stringify(each))
  })
