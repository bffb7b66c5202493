import type { Browser } from 'playwright-core'

/**
 * Stops every page of a browser in mid-air, workers and all, as a machine does that goes to sleep; its network lives on.
 * Headless Chromium does not freeze pages when asked to, so their processes are stopped. Returns what wakes them.
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
