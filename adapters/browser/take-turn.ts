/** A tab that connects may keep the others waiting this long, ms. */
const longestTurn = 2_000

/**
 * Waits until no other tab of this browser is connecting. Tabs that open together would otherwise each be given a
 * session, and only the last cookie would stay. The turn begins at once where the Web Locks API is missing, as on
 * plain-http pages, or fails in any way, as in sandboxed frames, and after 2 s where it does not answer.
 *
 * @returns the function that ends the turn; it never rejects
 */
export function takeTurn(name: string): Promise<() => void> {
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
    // Async, so that a throw is a rejection too. A request that ends without a turn begins it as well.
    const request = async () => navigator.locks.request(name, begin)
    void request().then(begin, begin)
  })
}
