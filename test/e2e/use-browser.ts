import type { Browser } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { launchBrowser, type LaunchOptions } from './browser.ts'
import { bundlePage } from './page/bundle-page.ts'
import { createWorld, type World, type WorldOptions } from './world.ts'

/** What a test opens for itself: a Clerk, an app and a browser profile. */
export type OpenWorld = (options?: WorldOptions) => Promise<World>

/**
 * A browser and a bundled page, by default that of this folder, for the tests of one `describe.runIf(findChromium())`. Where there is no browser,
 * test/global-setup.ts says so aloud.
 */
export function useBrowser(bundle: () => Promise<string> = bundlePage, options: LaunchOptions = {}): OpenWorld {
  let browser: Browser
  let script: string
  beforeAll(async () => {
    ;[browser, script] = await Promise.all([launchBrowser(options), bundle()])
  })
  afterAll(() => browser?.close())
  return (options) => createWorld(browser, script, options)
}
