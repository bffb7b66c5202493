import {
  createClerkEmulator,
  createHttpDriver,
  pickCovering,
  requireConformance,
  runConformance,
  toReportText,
} from 'authchart/testing'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { findChromium, launchBrowser } from '../e2e/browser.ts'
import { bundlePage } from '../e2e/page/bundle-page.ts'
import { openReactBrowser, type ReactBrowser } from './react-browser.ts'
import { serveApp } from './serve-app.ts'
import { toTabPaths } from './tab-paths.ts'
import { useVirtualTime } from './virtual-time.ts'

describe.runIf(findChromium())('the React binding in Chromium, driven along the paths of the machine', () => {
  let browser: Browser
  let script: string
  beforeAll(async () => {
    ;[browser, script] = await Promise.all([launchBrowser(), bundlePage(new URL('page/main.tsx', import.meta.url))])
  })
  afterAll(() => browser?.close())

  it('shows at every step what the machine shows', async () => {
    const time = useVirtualTime()
    const clerk = await createClerkEmulator()
    onTestFinished(() => clerk.close())
    let tab: ReactBrowser | undefined
    const driver = createHttpDriver({
      name: 'react',
      clerk,
      serve: (options) => serveApp(options, script),
      openBrowser: async (endpoint) => (tab = await openReactBrowser(browser, endpoint, time.now())),
      time: {
        now: time.now,
        async advance(milliseconds) {
          // The page's clock moves first. Frames of a server ahead of it would tell it that its token has expired.
          await tab?.pass(milliseconds)
          await time.advance(milliseconds)
        },
      },
    })
    const report = await runConformance(driver, { paths: pickCovering(toTabPaths()) })
    console.info(toReportText(report))
    requireConformance(report, { transitions: 29 / 48 })
    expect(report.paths.driven).toBe(report.paths.total)
  }, 300_000)
})
