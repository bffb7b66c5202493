/** A tab that connects may keep the others waiting this long, ms. */
const longestTurn = 2_000

/**
 * Waits until no other tab of this browser is connecting, and returns the function that ends the turn. Tabs that open
 * together would otherwise each be given a session, and only the last cookie would stay. Where the Web Locks API is
 * missing, as on plain-http pages, or slow, the turn begins at once.
 */
export function takeTurn(name: string): Promise<() => void> {
  const locks = globalThis.navigator?.locks
  if (!locks) return Promise.resolve(() => {})
  return new Promise((resolve) => {
    let end = () => {}
    const turn = new Promise<void>((done) => {
      end = done
    })
    const begin = () => {
      clearTimeout(timer)
      resolve(end)
      return turn
    }
    const timer = setTimeout(begin, longestTurn)
    locks.request(name, begin).catch(begin)
  })
}
