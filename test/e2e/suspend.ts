import type { Browser } from 'playwright-core'

/**
 * Stops every process of the pages of a browser, workers included, as a machine does that goes to sleep. The network
 * keeps working. Headless Chromium does not freeze pages when asked to, so their processes are stopped.
 *
 * @returns a function that wakes the pages
 */
export async function suspendPages(browser: Browser): Promise<() => void> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  const pages = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id)
  for (const id of pages) process.kill(id, 'SIGSTOP')
  return () => {
    for (const id of pages) process.kill(id, 'SIGCONT')
  }
}
