import type { CDPSession, Request } from 'playwright-core'
import { expect, onTestFinished, vi } from 'vitest'
import { startHostileProxy, type HostileProxy, type Hostility } from './hostile-proxy.ts'
import type { Tab } from './tab.ts'
import type { OpenWorld } from './use-browser.ts'
import { passServerTime, passTime } from './virtual-time.ts'
import { isStream, type World } from './world.ts'

/** A signed-in page behind a proxy that can turn hostile, in virtual time. */
export interface NetworkPage {
  readonly world: World
  readonly tab: Tab
  readonly proxy: HostileProxy
  /** Chromium's own emulation of networks. */
  readonly devtools: CDPSession
  /**
   * Renews the session from another tab of this browser that has a working network, so the server has news for this
   * page.
   */
  changeView(): Promise<void>
  /** Lets time pass one second at a time, and waits for the answers of each second. */
  pass(seconds: number): Promise<void>
  /**
   * Lets time pass until the page shows what the server told the other tab.
   *
   * @returns the seconds
   */
  secondsUntilRight(): Promise<number>
  /** The statuses that the page has shown since it was signed in. */
  shown(): string[]
}

export interface NetworkPageOptions {
  readonly clockError?: number
  /** How the proxy behaves from the start. Default `none`. */
  readonly hostility?: Hostility
  /** Runs before the page is loaded. */
  readonly prepare?: (devtools: CDPSession) => Promise<unknown>
}

export async function openNetworkPage(openWorld: OpenWorld, options: NetworkPageOptions = {}): Promise<NetworkPage> {
  let target = ''
  const proxy = await startHostileProxy(() => target)
  const authorizedParties = [proxy.url]
  const { clockError } = options
  const world = await openWorld({ hasVirtualTime: true, clockError, auth: { claims: { authorizedParties } } })
  target = world.app.url
  const session = await world.signInAtClerk()
  const open = new Set<Request>()
  world.context.on('request', (request) => {
    const isOfPage = !request.serviceWorker() && !request.isNavigationRequest()
    const isAnswered = proxy.isPrompt && !(proxy.isBuffering && isStream(request))
    if (isAnswered && isOfPage) open.add(request)
  })
  world.context.on('response', (response) => isStream(response.request()) && open.delete(response.request()))
  world.context.on('requestfinished', (request) => void open.delete(request))
  world.context.on('requestfailed', (request) => void open.delete(request))
  /**
   * A second of virtual time takes only milliseconds, so the step waits for answers that would otherwise come too
   * late.
   */
  const step = async (seconds: number) => {
    await passTime(world, seconds)
    // When the page has answered this, its timers have run and their requests are known.
    await tab.view()
    await vi.waitUntil(() => open.size === 0 || !proxy.isPrompt, { timeout: 10_000, interval: 2 })
  }
  let devtools!: CDPSession
  if (options.hostility) proxy.become(options.hostility)
  const tab = await world.openTab({
    origin: proxy.url,
    async prepare(page) {
      devtools = await world.context.newCDPSession(page)
      await options.prepare?.(devtools)
    },
  })
  // Time that passes while Clerk loads would not count for the network.
  await tab.clerkSays('signedIn')
  for (let passed = 0; passed < 10 && !tab.shown().includes('authenticated'); passed += 1) await passTime(world, 1)
  await tab.shows('authenticated')
  const start = tab.log.length
  let newest = 0

  return {
    world,
    tab,
    proxy,
    devtools,
    async pass(seconds) {
      for (let left = seconds; left > 0; left -= 1) await step(Math.min(left, 1))
    },
    async changeView() {
      // Clerk counts `iat` in whole seconds, so a token of the same second changes nothing.
      await passServerTime(1)
      const cookies = await world.context.cookies(proxy.url)
      const response = await fetch(`${target}/auth/events`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          origin: target,
          cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; '),
        },
        body: JSON.stringify({
          type: 'token.received',
          token: world.clerk.mintToken({ session, azp: proxy.url }),
          tab: 'other',
          seq: Date.now(),
        }),
      })
      const { rev, isSignedIn } = (await response.json()) as { rev: number; isSignedIn: boolean }
      expect({ isSignedIn, isNews: rev > newest }).toEqual({ isSignedIn: true, isNews: true })
      newest = rev
    },
    async secondsUntilRight() {
      const read = () => tab.page.evaluate(() => ({ ...window.authClient.view, at: Date.now() }))
      const { at: start } = await read()
      for (;;) {
        const { rev, isSignedIn, at } = await read()
        const seconds = (at - start) / 1_000
        if ((isSignedIn && rev >= newest) || seconds > 120) return seconds
        await step(0.25)
      }
    },
    shown: () => tab.shown(start),
  }
}

/** Writes a measurement to the output of the run. */
export function noteSeconds(network: string, seconds: number, connections: readonly string[]): void {
  const ways = [...new Set(connections)].join(', ')
  onTestFinished(() => void process.stdout.write(`${network}: ${seconds.toFixed(1)} s (${ways || 'unnoticed'})\n`))
}
