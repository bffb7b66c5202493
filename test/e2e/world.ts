import type { Browser, BrowserContext, Request } from 'playwright-core'
import { expect, onTestFailed, onTestFinished } from 'vitest'
import {
  createClerkEmulator,
  type ClerkEmulator,
  type ClerkEmulatorOptions,
  type EmulatedSession,
} from 'authchart/testing'
import { startAppServer, type AppServer, type AppServerOptions } from './app-server.ts'
import { createTabs, type OpenTabOptions, type Tab } from './tab.ts'
import { useVirtualTime } from './virtual-time.ts'
import type { Exchange } from './wire-tap.ts'

export const user = { id: 'user_ada', email: 'ada@example.test', password: 'correct horse', firstName: 'Ada' }

/** A Clerk, an app with its server, and one browser profile; all gone when the test is over. */
export interface World {
  readonly clerk: ClerkEmulator
  readonly app: AppServer
  readonly context: BrowserContext
  readonly openTab: (options?: OpenTabOptions) => Promise<Tab>
  /** Opens a tab of somebody who had signed in to Clerk before, and waits until all agree on it. */
  openSignedInTab(): Promise<Tab>
  /** Makes this profile one in which the user has signed in to Clerk some time ago. */
  signInAtClerk(): Promise<EmulatedSession>
  /** The posts to the auth server so far, answered or not. */
  posts(): Exchange[]
  /**
   * What pages have asked this server, or Clerk for a token, and have had no answer to: of a stream, no headers. Requests
   * that were given up are not among them.
   */
  readonly unanswered: Set<Request>
  /** The streams that were ever asked for. */
  streams(): Exchange[]
  /** How often a page was loaded. */
  documents(): number
  /** What the browser's console said, and which errors went unhandled. */
  readonly console: readonly string[]
}

export interface WorldOptions extends Pick<AppServerOptions, 'page' | 'auth' | 'toPolicy'> {
  /** Time is in the test's hand: `passTime` moves it, for servers and pages. */
  readonly hasVirtualTime?: boolean
  /** Ms by which the clock of the browser is wrong, where time is in the test's hand. Default 0. */
  readonly clockError?: number
  /** Runs before a page is opened, and before the clock is installed. */
  readonly prepare?: (context: BrowserContext) => Promise<unknown>
  /** Seconds a session token lives. Default 60. */
  readonly tokenTtl?: number
  /** The settings of the Clerk instance. */
  readonly instance?: Pick<ClerkEmulatorOptions, 'multiSession' | 'personalAccounts'>
}

export async function createWorld(browser: Browser, script: string, options: WorldOptions = {}): Promise<World> {
  if (options.hasVirtualTime) useVirtualTime()
  const clerk = await createClerkEmulator({ users: [user], tokenTtl: options.tokenTtl, ...options.instance })
  onTestFinished(() => clerk.close())
  const app = await startAppServer({
    clerk,
    script,
    page: options.page,
    auth: options.auth,
    ...(options.toPolicy && { toPolicy: options.toPolicy }),
  })
  onTestFinished(() => app.close())
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  await options.prepare?.(context)
  if (options.hasVirtualTime) await context.clock.install({ time: Date.now() + (options.clockError ?? 0) })

  const console: string[] = []
  context.on('console', (message) => console.push(`${message.type()} ${message.text()}`))
  context.on('weberror', (error) => console.push(`unhandled ${error.error()}`))

  const unanswered = new Set<Request>()
  context.on('request', (request) => {
    if (isAwaited(request, app.url)) unanswered.add(request)
  })
  context.on('response', (response) => isStream(response.request()) && unanswered.delete(response.request()))
  context.on('requestfinished', (request) => unanswered.delete(request))
  context.on('requestfailed', (request) => unanswered.delete(request))

  const requests = () =>
    app.tap.exchanges.flatMap(({ method, path, status, answer }) =>
      path.startsWith('/auth') ? [`${method} ${path} ${status} ${answer}`] : [],
    )
  onTestFailed(() => report({ console, logged: app.logged, requests: requests() }))

  const exchanges = (method: string) =>
    app.tap.exchanges.filter((each) => each.method === method && each.path.startsWith('/auth/events'))
  const openTab = await createTabs(context, app.url)
  const signInAtClerk = async () => {
    const session = clerk.createSession(user.id)
    const value = clerk.clientCookie(session)
    await context.addCookies([{ name: '__client', value, url: clerk.url, httpOnly: true, sameSite: 'Lax' }])
    return session
  }

  return {
    clerk,
    app,
    context,
    console,
    openTab,
    signInAtClerk,
    async openSignedInTab() {
      await signInAtClerk()
      const tab = await openTab()
      await tab.shows('authenticated')
      await expect.poll(() => tab.syncState()).toBe('open confirmed')
      return tab
    },
    posts: () => exchanges('POST'),
    unanswered,
    streams: () => exchanges('GET'),
    documents: () => app.tap.exchanges.filter(({ path }) => !/^\/(auth\/|main\.js|favicon)/.test(path)).length,
  }
}

/** The page reads an event stream, which ends late or never. */
export function isStream(request: Request): boolean {
  return request.method() === 'GET' && new URL(request.url()).pathname.startsWith('/auth/events')
}

/**
 * A step of virtual time waits for the answer: to a post, to a request for Clerk's token, which a post waits for, and to
 * what is asked for without a proxy between. A proxy may hold back what it likes.
 */
function isAwaited(request: Request, origin: string): boolean {
  const url = request.url()
  if (request.method() === 'POST') return /\/auth\/events|\/tokens/.test(url)
  return url.startsWith(`${origin}/auth/`)
}

/** What a test that failed leaves behind to understand it by. */
function report(parts: Record<string, readonly string[]>): void {
  for (const [part, lines] of Object.entries(parts)) {
    process.stderr.write(`--- ${part}\n${lines.map((line) => `${line.slice(0, 2000)}\n`).join('')}`)
  }
}

/** Signs in through Clerk's own form. */
export async function signIn({ page }: Tab): Promise<void> {
  await page.fill('input[name=identifier]', user.email)
  await page.click('button:has-text("Continue")')
  await page.fill('input[type=password]:visible', user.password)
  await page.click('button:has-text("Continue")')
}

/** Signs out through Clerk's own button. */
export async function signOut({ page }: Tab): Promise<void> {
  await page.click('.cl-userButtonTrigger')
  await page.click('button:has-text("Sign out")')
}
