/** Sends POSTs before anything is measured, so that V8 has compiled their code. A real server lives for days. */
import { openBrowser } from './browser.ts'
import { sized } from './effort.ts'
import type { BenchServer } from './start-server.ts'
import type { TokenMint } from './tokens.ts'

const browserCount = 16
/** The number of posts of each browser. After some 10,000 in all, the cost of a POST no longer falls. */
const posts = sized(1_000)
/** The first user of the warm-up. No renewals of these users are measured. */
const firstUser = 100_000

/**
 * Creates a warm-up.
 *
 * @returns a function that warms servers up, all of them with the same tokens
 */
export function createWarmUp(mint: TokenMint): (server: BenchServer) => Promise<void> {
  const serials = Array.from({ length: posts }, (_, n) => 1 + n)
  const users = Array.from({ length: browserCount }, (_, n) => firstUser + n)
  let minted: Promise<string[][]> | undefined

  return async (server) => {
    minted ??= Promise.all(users.map((user) => Promise.all(serials.map((serial) => mint.mint(user, serial)))))
    const tokens = await minted
    await Promise.all(
      users.map(async (user, n) => {
        const browser = await openBrowser(server, mint, user)
        for (const serial of serials) {
          await browser.post(browser.toPost(tokens[n]?.[serial - 1] ?? ''), mint.toMark(serial))
        }
        browser.destroy()
      }),
    )
  }
}
