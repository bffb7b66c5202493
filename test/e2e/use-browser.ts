import type { Browser } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { launchBrowser, type LaunchOptions } from './browser.ts'
import { bundlePage } from './page/bundle-page.ts'
import { createWorld, type World, type WorldOptions } from './world.ts'

/** Opens a world for a test: a Clerk, an app and a browser profile. */
export type OpenWorld = (options?: WorldOptions) => Promise<World>

/**
 * Starts a browser and bundles a page, by default that of this folder, for the tests of one
 * `describe.runIf(findChromium())`. Where there is no browser, test/global-setup.ts prints that.
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
