import {
  createClerkEmulator,
  type ClerkEmulator,
  type ClerkEmulatorOptions,
  type EmulatedSession,
} from 'authchart/testing'
import type { Browser, BrowserContext, Request } from 'playwright-core'
import { expect, onTestFailed, onTestFinished } from 'vitest'
import { startAppServer, type AppServer, type AppServerOptions } from './app-server.ts'
import { sendSignInForm } from './sign-in-form.ts'
import { createTabs, type OpenTabOptions, type Tab } from './tab.ts'
import { useVirtualTime } from './virtual-time.ts'
import type { Exchange } from './wire-tap.ts'

export const user = { id: 'user_ada', email: 'ada@example.test', password: 'correct horse', firstName: 'Ada' }

/** A Clerk, an app with its server, and one browser profile. All of them are removed when the test ends. */
export interface World {
  readonly clerk: ClerkEmulator
  readonly app: AppServer
  readonly context: BrowserContext
  readonly openTab: (options?: OpenTabOptions) => Promise<Tab>
  /** Opens a tab of a user who had signed in to Clerk before, and waits until page, Clerk and server agree on it. */
  openSignedInTab(): Promise<Tab>
  /** Signs the user of this profile in at Clerk, as if it happened some time ago. */
  signInAtClerk(): Promise<EmulatedSession>
  /** The posts to the auth server so far, answered or not. */
  posts(): Exchange[]
  /**
   * The requests of pages to this server, and to Clerk for a token, that have no answer yet. A stream counts as
   * answered once its headers are there. Aborted requests are not included.
   */
  readonly unanswered: Set<Request>
  /** All streams that were requested so far. */
  streams(): Exchange[]
  /** The number of times that a page was loaded. */
  documents(): number
  /** The output of the browser's console, and the unhandled errors. */
  readonly console: readonly string[]
}

export interface WorldOptions extends Pick<AppServerOptions, 'page' | 'auth' | 'toPolicy'> {
  /** Lets the test control time: `passTime` moves it for servers and pages. */
  readonly hasVirtualTime?: boolean
  /** The error of the browser's clock in ms, where the test controls time. Default 0. */
  readonly clockError?: number
  /** Runs before a page is opened, and before the clock is installed. */
  readonly prepare?: (context: BrowserContext) => Promise<unknown>
  /** The lifetime of a session token in seconds. Default 60. */
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

/** Tells whether the page reads an event stream with this request. Such a request ends late or never. */
export function isStream(request: Request): boolean {
  return request.method() === 'GET' && new URL(request.url()).pathname.startsWith('/auth/events')
}

/**
 * Tells whether a step of virtual time has to wait for the answer to this request. It waits for posts to the auth
 * server, for requests for Clerk's token, which a post waits for, and for other requests to the auth server that no
 * proxy forwards, because a proxy may hold answers back.
 */
function isAwaited(request: Request, origin: string): boolean {
  const url = request.url()
  if (request.method() === 'POST') return /\/auth\/events|\/tokens/.test(url)
  return url.startsWith(`${origin}/auth/`)
}

/** Prints the logs of a failed test. */
function report(parts: Record<string, readonly string[]>): void {
  for (const [part, lines] of Object.entries(parts)) {
    process.stderr.write(`--- ${part}\n${lines.map((line) => `${line.slice(0, 2000)}\n`).join('')}`)
  }
}

/** Signs in through Clerk's own form. The tab comes to the front first: `signOut` says why. */
export async function signIn({ page }: Tab): Promise<void> {
  await page.bringToFront()
  await sendSignInForm(page, user)
}

/**
 * Signs out through Clerk's own button. The tab comes to the front first, as when a user clicks in it. Chromium draws a
 * tab behind another one once a second, and each click waits for two frames.
 */
export async function signOut({ page }: Tab): Promise<void> {
  await page.bringToFront()
  await page.click('.cl-userButtonTrigger')
  await page.click('button:has-text("Sign out")')
}
