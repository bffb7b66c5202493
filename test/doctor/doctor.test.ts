import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createMemorySessionStore } from '../../adapters/hub/store/memory-session-store.ts'
import { startHostileProxy } from '../e2e/hostile-proxy.ts'
import { startWithClerk } from '../h3/clerk-harness.ts'
import { startServer, useVirtualTime, virtualEpoch } from '../h3/harness.ts'
import { compressing } from '../h3/hosts.ts'
import { startAlteringProxy, type Alterations } from './altering-proxy.ts'
import { examine, toFaults } from './examine.ts'
import { createTestToken } from './test-token.ts'

beforeEach(useVirtualTime)

/** A server with keys at Clerk, and a token that it accepts. */
async function startApp(options: Parameters<typeof startServer>[0] = {}) {
  const { server, mint, clerk } = await startWithClerk(options)
  return { server, clerk, token: mint(), url: server.url }
}

/** Moves time on, as soon as a finding with one of these codes is there. */
const advanceAt = (codes: string, ms: number) => async (code: string) => {
  if (codes.split(' ').includes(code)) await vi.advanceTimersByTimeAsync(ms)
}

/** Changes each cookie that an answer sets. */
const onCookie =
  (change: (text: string) => string): Alterations['answer'] =>
  (headers) => {
    if (headers['set-cookie']) headers['set-cookie'] = headers['set-cookie'].map(change)
  }

const behind = async (alterations: Alterations) => startAlteringProxy([(await startApp()).url], alterations)

describe('the doctor finds nothing to mend', () => {
  it('at a server that is set up well, with a token and without', async () => {
    const { url, token } = await startApp()
    const found = await examine(url, { token })
    expect(toFaults(found)).toEqual([])
    expect(found.map(({ code }) => code)).toEqual('answer clock stream cookie origin token store webhook'.split(' '))
    const without = await examine((await startApp()).url)
    expect(toFaults(without)).toEqual([])
    expect(without.map(({ code }) => code)).toContain('keys')
  })

  it('at a server that has just asked for keys and may not ask again yet', async () => {
    const { url, token } = await startApp()
    expect(toFaults(await examine(url, { token }))).toEqual([])
    expect(toFaults(await examine(url))).toEqual([])
    expect(toFaults(await examine(url, { retryWait: 0 }))).toEqual(['failure keys-unavailable'])
  })

  it('where the page is on another origin that is allowed', async () => {
    const { server, mint } = await startWithClerk({
      allowedOrigins: ['http://localhost:3000'],
    })
    const found = await examine(server.url.replace('127.0.0.1', 'localhost'), {
      origin: new URL('http://localhost:3000'),
      token: mint(),
    })
    expect(toFaults(found)).toEqual([])
  })

  it('where a proxy lets everything through', async () => {
    const { url } = await startApp()
    const proxy = await startHostileProxy(() => url)
    expect(toFaults(await examine(proxy.url))).toEqual([])
  })
})

describe('the doctor names the fault of', () => {
  it.each<[string, Alterations, string[]]>([
    [
      'a proxy that removes Set-Cookie',
      { answer: (headers) => delete headers['set-cookie'] },
      ['failure cookie-missing'],
    ],
    ['a proxy that removes Cookie', { request: (headers) => delete headers['cookie'] }, ['failure cookie-missing']],
    [
      'a proxy that makes the cookie Secure over plain http',
      { answer: onCookie((text) => `${text}; Secure`) },
      ['failure cookie-missing'],
    ],
    [
      'a proxy that gives the cookie to all subdomains',
      { answer: onCookie((text) => `${text}; Domain=localhost`) },
      ['failure cookie'],
    ],
    [
      'a proxy that lets scripts read the cookie',
      { answer: onCookie((text) => text.replace('HttpOnly; ', '')) },
      ['failure cookie'],
    ],
    [
      'a proxy that says the page is on https where it is not',
      { request: (headers) => (headers['x-forwarded-proto'] = 'https') },
      ['failure cookie-missing'],
    ],
    [
      'a proxy that rewrites Host',
      { request: (headers) => (headers.host = 'backend.internal') },
      ['warning origin-rejected'],
    ],
    [
      'a proxy that hides where a request comes from',
      {
        request(headers) {
          if (headers.origin === 'https://doctor.invalid') headers.origin = `http://${String(headers.host)}`
          headers['sec-fetch-site'] = 'same-origin'
        },
      },
      ['failure origin-rejected'],
    ],
    [
      'a proxy that allows every origin to read',
      { answer: (headers) => (headers['access-control-allow-origin'] = '*') },
      ['failure origin-rejected'],
    ],
    [
      'a cache that answers with what it kept',
      { answer: (headers) => (headers['authchart-connection'] &&= 'earlier') },
      ['failure answer-cached'],
    ],
    [
      'a proxy that removes the headers against caches',
      { answer: (headers) => delete headers['cache-control'] },
      ['warning answer-cached'],
    ],
    [
      'a proxy that allows only small bodies',
      { refuse: (headers) => (Number(headers['content-length'] ?? 0) > 4_096 ? 413 : null) },
      ['failure body-too-large'],
    ],
    ['a proxy whose server is away', { refuse: () => 502 }, ['failure answer-malformed']],
    ['a proxy that does not know the base path', { refuse: () => 404 }, ['failure answer-malformed']],
  ])('%s', async (_, alterations, faults) => {
    expect(toFaults(await examine(await behind(alterations)))).toEqual(faults)
  })

  it('a captive portal, or a page that answers in place of the server', async () => {
    const { url } = await startApp()
    const proxy = await startHostileProxy(() => url)
    proxy.become('portal')
    expect(toFaults(await examine(proxy.url))).toEqual(['failure answer-malformed'])
  })

  it('another base path', async () => {
    const { url } = await startApp({ basePath: '/v1/auth' })
    expect(toFaults(await examine(url))).toEqual(['failure answer-malformed'])
    expect(toFaults(await examine(url, { basePath: '/v1/auth' }))).toEqual([])
    const under = await startApp({ basePath: '/v1/auth' })
    expect(toFaults(await examine(`${under.url}/v1`))).toEqual([])
  })

  it('a server that is not there', async () => {
    expect(toFaults(await examine('http://127.0.0.1:1'))).toEqual(['failure network-failed'])
  })

  it('a host that is not allowed', async () => {
    const { url } = await startApp({ allowedHosts: ['app.example.com'] })
    expect(toFaults(await examine(url))).toEqual(['failure host-rejected'])
  })

  it('a page of another origin that is not allowed, and of one whose cookie does not reach the server', async () => {
    const { url } = await startApp()
    const origin = new URL('https://app.example.com')
    expect(toFaults(await examine(url, { origin }))).toEqual(['warning cookie-missing', 'failure origin-rejected'])
    const open = await startApp({ allowedOrigins: [origin.origin] })
    expect(toFaults(await examine(open.url, { origin }))).toEqual(['warning cookie-missing'])
  })

  it.each([
    [120_000, 'ahead of'],
    [-120_000, 'behind'],
  ])('a clock that is wrong by %i ms', async (wrong, direction) => {
    const { url } = await startApp({ clock: () => Date.now() + wrong })
    const found = await examine(url)
    expect(toFaults(found)).toContain('failure clock.skewed')
    expect(found.find(({ code }) => code === 'clock.skewed')?.message).toContain(`120 s ${direction}`)
  })

  it.each(compressing.slice(0, 1))(
    'a compressing middleware that ignores no-transform, in front of %s',
    async (_, openHost) => {
      const { server } = await startWithClerk({}, () => {}, openHost)
      const url = await startAlteringProxy([server.url], {
        answer: (headers) => {
          if (headers['content-type']?.startsWith('text/event-stream')) headers['content-encoding'] = 'gzip'
        },
      })
      expect(toFaults(await examine(url))).toEqual(['failure polling'])
      expect(toFaults(await examine(server.url))).toEqual([])
    },
  )

  it('keys that cannot be reached', async () => {
    const { url, clerk, token } = await startApp()
    clerk.addFault({ path: '/v1/jwks', status: 500 })
    expect(toFaults(await examine(url, { retryWait: 0 }))).toEqual(['failure keys-unavailable'])
    expect(toFaults(await examine(url, { retryWait: 0, token }))).toEqual(['failure keys-unavailable'])
  })

  it('a store that does not answer', async () => {
    const store = createMemorySessionStore()
    store.read = () => Promise.reject(new Error('gone'))
    store.write = () => Promise.reject(new Error('gone'))
    const { url, token } = await startApp({ store, storeDown: 'refuse', secret: 'a secret of the nodes, long enough' })
    expect(toFaults(await examine(url, { token, retryWait: 0 }))).toContain('failure store-unavailable')
  })

  it('nodes that share no store', async () => {
    const { server, clerk, mint } = await startWithClerk()
    const { secretKey, publishableKey, apiUrl } = clerk
    const other = await startServer({
      keys: undefined,
      clerk: { secretKey, publishableKey, apiUrl },
      claims: { authorizedParties: ['http://localhost:3000'] },
    })
    const url = await startAlteringProxy([server.url, other.url])
    expect(toFaults(await examine(url, { token: mint() }))).toEqual(['failure store-not-shared'])
    const without = await examine(url)
    expect(toFaults(without)).toEqual([])
    expect(without.map(({ code }) => code)).toContain('nodes')
  })
})

describe('the doctor names the fault of a token', () => {
  it.each<[string, Parameters<typeof createTestToken>[1], string]>([
    ['of another page', { azp: 'https://other.example.com' }, 'failure token-claims'],
    ['of another Clerk instance', { iss: 'https://clerk.other.com' }, 'failure token-claims'],
    ['that has expired', { exp: virtualEpoch / 1_000 - 600 }, 'failure token-expired'],
  ])('%s', async (_, claims, fault) => {
    const { url, clerk } = await startApp()
    const found = await examine(url, { token: createTestToken(clerk, claims) })
    expect(toFaults(found)).toEqual([fault])
    expect(found.find(({ level }) => level === 'failure')?.message).toMatch(/azp: http/)
  })

  it('of a key that the server does not have', async () => {
    const { url } = await startApp()
    const { mint } = await startWithClerk()
    expect(toFaults(await examine(url, { token: mint() }))).toEqual(['failure key-not-found'])
  })
})

describe('the doctor watches the stream, and names the fault of', () => {
  it('nothing where the ping comes', async () => {
    const { url } = await startApp()
    const found = await examine(url, { pingWait: 20_000 }, advanceAt('webhook', 15_100))
    expect(toFaults(found)).toEqual([])
    expect(found.at(-1)?.code).toBe('ping')
  })

  it('a proxy that cuts idle connections', async () => {
    const { url } = await startApp()
    const proxy = await startHostileProxy(() => url)
    proxy.become({ idleCut: 10 })
    // The server sends a view after 3 s, when no token has come.
    const found = await examine(proxy.url, { pingWait: 20_000 }, advanceAt('webhook', 13_100))
    expect(toFaults(found)).toEqual(['failure lost'])
    expect(found.at(-1)?.message).toContain('after 13 s')
  })

  it('a proxy that lets the first frame through and holds the others back', async () => {
    const url = await startAlteringProxy([(await startApp()).url], { stalls: true })
    const found = await examine(url, { pingWait: 20_000 }, advanceAt('webhook', 20_100))
    expect(toFaults(found)).toEqual(['failure polling'])
  })

  it('a proxy that holds the stream back', async () => {
    vi.useRealTimers()
    const { url, token } = await startApp()
    const proxy = await startHostileProxy(() => url)
    proxy.become('buffering')
    const found = await examine(proxy.url, { viewWait: 100, token })
    expect(toFaults(found)).toEqual(['failure polling'])
    expect(found.map(({ code }) => code)).toContain('origin')
  })
})
