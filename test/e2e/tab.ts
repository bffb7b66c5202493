import type { AuthConnection, AuthStatus, AuthView } from 'authchart/client'
import type { BrowserContext, Page } from 'playwright-core'
import type { PageEntry } from './page/page-contract.ts'

/** One tab on the app's page, and everything that it has shown. */
export interface Tab {
  readonly page: Page
  /** The log of the tab, across navigations. */
  readonly log: readonly PageEntry[]
  /** The statuses that were shown, in order, from an entry of the log on. */
  shown(since?: number): AuthStatus[]
  /** The views that the server sent this tab, in order, from an entry of the log on. */
  views(since?: number): AuthView[]
  /** The connections by which it heard of the server, in order, from an entry of the log on. */
  connections(since?: number): AuthConnection[]
  view(): Promise<AuthView>
  /** Resolves once the page shows the status. */
  shows(status: AuthStatus): Promise<void>
  /** Resolves once the page says this about Clerk. */
  clerkSays(what: 'loading' | 'signedIn' | 'signedOut'): Promise<void>
  /** Resolves once the page says this about the server's view. */
  serverSays(facts: { state?: string; org?: string; user?: string; error?: string }): Promise<void>
  /** Resolves once the page names this code as the reason of its failure. */
  fails(code: string): Promise<void>
  /** The state of the sync machine, for example `open confirmed`. */
  syncState(): Promise<string>
  /** Returns the session token that Clerk gives this tab. */
  token(options?: { skipCache: boolean }): Promise<string>
  close(): Promise<void>
}

export interface OpenTabOptions {
  /** Path of the page. Default `/`. */
  readonly path?: string
  /** The origin of the page. Default: the app itself. */
  readonly origin?: string
  /** Runs before the page is loaded. */
  readonly prepare?: (page: Page) => Promise<unknown>
}

/** Opens tabs of one browser profile. */
export async function createTabs(context: BrowserContext, url: string) {
  const logs = new WeakMap<Page, PageEntry[]>()
  await context.exposeBinding('recordEntry', ({ page }, entry: PageEntry) => void logs.get(page)?.push(entry))

  return async function openTab({ path = '/', origin = url, prepare }: OpenTabOptions = {}): Promise<Tab> {
    const page = await context.newPage()
    await prepare?.(page)
    const log: PageEntry[] = []
    logs.set(page, log)
    await page.goto(origin + path, { waitUntil: 'domcontentloaded' })
    const appears = async (selector: string) =>
      void (await page.waitForSelector(selector, { state: 'attached', timeout: 30_000 }))

    return {
      page,
      log,
      shown: (since = 0) => log.slice(since).flatMap((entry) => (entry.kind === 'shown' ? [entry.status] : [])),
      views: (since = 0) => log.slice(since).flatMap((entry) => (entry.kind === 'view' ? [entry.view] : [])),
      connections: (since = 0) =>
        log.slice(since).flatMap((entry) => (entry.kind === 'connection' ? [entry.connection] : [])),
      view: () => page.evaluate(() => window.authClient.view),
      shows: (status) => appears(`[data-shown="${status}"]`),
      clerkSays: (what) => appears(`#clerk[data-clerk="${what}"]`),
      serverSays: (facts) =>
        appears(
          `#server${Object.entries(facts)
            .map(([name, value]) => `[data-${name}="${value}"]`)
            .join('')}`,
        ),
      fails: (code) => appears(`#error[data-code="${code}"]`),
      syncState: () =>
        page.evaluate(() => {
          const { stream, session } = window.authClient.actor.getSnapshot().value
          return `${stream} ${typeof session === 'string' ? session : Object.keys(session).join()}`
        }),
      token: async (options) =>
        (await page.evaluate((options) => window.Clerk?.session?.getToken(options), options)) ?? '',
      close: () => page.close(),
    }
  }
}
