import { existsSync } from 'node:fs'
import { chromium, type Browser, type BrowserContext } from 'playwright-core'

const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // clerk-js takes a browser with navigator.webdriver for a bot, and then always treats it as online.
  '--disable-blink-features=AutomationControlled',
]

/**
 * Finds the Chromium to test with: the one at `CHROMIUM_PATH`, or else Debian's.
 *
 * @returns null if there is none
 */
export function findChromium(): string | null {
  const path = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
  return existsSync(path) ? path : null
}

export interface LaunchOptions {
  readonly args?: readonly string[]
  /** Keeps pages that were left in the back/forward cache, as browsers do that are not automated. Default false. */
  readonly hasPageCache?: boolean
}

/**
 * Starts the installed Chromium, headless. Close it with `browser.close()`.
 *
 * @throws Error if Chromium is missing; the message says how to install it
 */
export async function launchBrowser(options: LaunchOptions = {}): Promise<Browser> {
  return chromium.launch({
    executablePath: requireChromium(),
    args: [...args, ...(options.args ?? [])],
    ...(options.hasPageCache && { ignoreDefaultArgs: ['--disable-back-forward-cache'] }),
  })
}

/**
 * Starts Chromium with an unpacked extension and a profile of its own. Close it with `context.close()`.
 *
 * @throws Error if Chromium is missing; the message says how to install it
 */
export async function launchWithExtension(folder: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext('', {
    executablePath: requireChromium(),
    args: [...args, `--disable-extensions-except=${folder}`, `--load-extension=${folder}`],
    ignoreDefaultArgs: ['--disable-extensions'],
  })
}

function requireChromium(): string {
  const executablePath = findChromium()
  if (executablePath !== null) return executablePath
  throw new Error(
    'The browser tests need Chromium, and there is none at CHROMIUM_PATH or /usr/bin/chromium. ' +
      'Install it (Debian: apt-get install chromium) or set CHROMIUM_PATH to the executable of a Chromium or Chrome.',
  )
}
