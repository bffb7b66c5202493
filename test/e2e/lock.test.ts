import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { findChromium } from './browser.ts'
import { useBrowser } from './use-browser.ts'

/**
 * The ways in which a browser can fail to give the lock under which tabs connect one by one. The functions run in the
 * page.
 */
const faults: Record<string, () => void> = {
  'is missing': () => Object.defineProperty(Navigator.prototype, 'locks', { get: () => undefined }),
  rejects: () => {
    LockManager.prototype.request = () => Promise.reject(new DOMException('refused', 'SecurityError'))
  },
  'never answers': () => {
    LockManager.prototype.request = () => new Promise(() => {})
  },
  throws: () => {
    LockManager.prototype.request = () => {
      throw new DOMException('refused', 'SecurityError')
    }
  },
  'throws when it is read': () => {
    const get = () => {
      throw new DOMException('refused', 'SecurityError')
    }
    Object.defineProperty(Navigator.prototype, 'locks', { get })
  },
}

/** Takes the lock of the package and never releases it, as a tab does that is frozen while it connects. */
async function holdLock(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/favicon.ico`).catch(() => {})
  await page.goto(`${url}/main.js`)
  const held = await page.evaluate(async () => {
    await new Promise<void>((resolve) => {
      void navigator.locks.request('authchart', () => {
        resolve()
        return new Promise(() => {})
      })
    })
    return (await navigator.locks.query()).held?.map(({ name }) => name)
  })
  expect(held).toEqual(['authchart'])
}

describe.runIf(findChromium())('the lock under which tabs connect', () => {
  const openWorld = useBrowser()

  it('keeps no tab waiting, however the browser fails to give it', async () => {
    const world = await openWorld()
    await world.signInAtClerk()
    /**
     * Opens the page.
     *
     * @returns the status 5 s after Clerk knows who is signed in, when the wait for the lock has ended
     */
    const open = async (prepare?: (page: Page) => Promise<unknown>) => {
      const tab = await world.openTab({ prepare })
      await tab.clerkSays('signedIn')
      const shown = await tab.page
        .waitForSelector('[data-shown="authenticated"]', { timeout: 5_000 })
        .then(() => 'authenticated')
        .catch(() => tab.shown().at(-1))
      await tab.close()
      return shown
    }
    const shown: Record<string, string | undefined> = {}
    for (const [how, fault] of Object.entries(faults)) shown[how] = await open((page) => page.addInitScript(fault))

    const other = await world.context.newPage()
    await holdLock(other, world.app.url)
    shown['is held by another tab'] = await open()

    const all = [...Object.keys(faults), 'is held by another tab']
    expect(shown).toEqual(Object.fromEntries(all.map((how) => [how, 'authenticated'])))
  })
})
