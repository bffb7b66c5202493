import type { AuthView } from 'authchart/client'
import type { DrivenBrowser } from 'authchart/testing'
import type { Browser } from 'playwright-core'
import { eventually } from '../kit/conformance/real-time.ts'
import type { ToldClerk } from './page/page-contract.ts'

/** The longest time for a step of the page, ms of real time. */
const patience = 10_000

/** A Chromium page with the React binding, instead of a browser of `fetch`. */
export interface ReactBrowser extends DrivenBrowser {
  /** Lets time pass in the page. */
  pass(milliseconds: number): Promise<void>
}

/** Opens the page that a server serves beside its auth routes. `now` is in epoch ms. */
export async function openReactBrowser(browser: Browser, endpoint: string, now: number): Promise<ReactBrowser> {
  const context = await browser.newContext()
  const asked = new Map<string, (token: string) => void>()
  const answers: (string | null)[] = []
  await context.exposeBinding(
    'askToken',
    (_, sessionId: string) => new Promise<string>((resolve) => asked.set(sessionId, resolve)),
  )
  await context.exposeBinding('noteAnswer', (_, code: string | null) => void answers.push(code))
  // Time in the page moves only in `pass`.
  await context.clock.install({ time: now - 1_000 })
  await context.clock.pauseAt(now)
  const page = await context.newPage()
  let current: AuthView | null = null
  let posts = 0
  let sessions = 0
  let isClosed = false

  const look = async () => {
    const { view, stream } = await page.evaluate(() => ({
      view: window.shownView,
      stream: window.conformanceClient?.actor.getSnapshot().value.stream,
    }))
    current = view
    // The page waits for its own clock before it connects again.
    if (stream === 'backoff') await context.clock.runFor(500)
    return view
  }
  const until = async (what: string, isSo: () => boolean | Promise<boolean>) => {
    if (!(await eventually(isSo, patience))) throw new Error(`the page: ${what} does not come`)
  }
  const tellClerk = (clerk: ToldClerk) => page.evaluate((clerk) => window.tellClerk(clerk), clerk)
  const toSession = ({ userId, sessionId }: Pick<AuthView, 'userId' | 'sessionId'>): ToldClerk => ({
    isLoaded: true,
    isSignedIn: true,
    userId,
    sessionId,
  })
  const sessionState = () =>
    page.evaluate(() => JSON.stringify(window.conformanceClient.actor.getSnapshot().value.session))

  return {
    async open() {
      await page.goto(new URL('/', endpoint).href, { waitUntil: 'domcontentloaded' })
      await until('a first view', async () => (await look())?.channel !== '')
      return look()
    },
    get streamed() {
      return current
    },
    cannot(step) {
      const isBusy = posts > 0
      if (step.kind === 'token' && isBusy) return 'a tab has one post in the air'
      if (step.kind === 'clear' && isBusy) return 'a tab signs out once its post is answered'
      if (step.kind === 'clear' && step.sessionId !== undefined) return 'a tab signs out of the session it shows'
      if (step.kind === 'clear' && current?.state === 'signedOut') return 'a tab does not sign out who is signed out'
      if (step.kind === 'clear' && current?.state === 'verifying') return 'a tab waits for the check in the air'
      if (step.kind === 'time' && step.clockJump !== 0) return "a tab hears of the server's clock with the next frame"
      return null
    },
    async postToken(text) {
      posts += 1
      sessions += 1
      const sessionId = `sess_tab_${sessions}`
      const before = answers.length
      // The server does not care about the user at Clerk, because the token names the user. A new user makes the tab
      // post it.
      await tellClerk(toSession({ userId: 'user_tab', sessionId }))
      await until('the request for a token', () => asked.has(sessionId))
      asked.get(sessionId)?.(text)
      await eventually(() => answers.length > before, 60_000)
      posts -= 1
      return answers.at(-1) ?? null
    },
    async postClear() {
      const view = await look()
      if (view.isSignedIn) {
        await tellClerk(toSession(view))
        await until('agreement', async () => (await sessionState()).includes('confirmed'))
      }
      await tellClerk({ isLoaded: true, isSignedIn: false, userId: null, sessionId: null })
      await until('the sign-out', async () => (await look()).state === 'signedOut')
    },
    view: look,
    async pass(milliseconds) {
      if (!isClosed) await context.clock.runFor(milliseconds)
    },
    async close() {
      isClosed = true
      await context.close()
    },
  }
}
