/** Time for which a connecting tab may keep the others waiting, ms. */
const longestTurn = 2_000

/**
 * Waits until no other tab of this browser is connecting. Tabs that open together would otherwise each get a session,
 * and only the last cookie would stay. The turn begins at once if the Web Locks API is missing, as on plain-http pages,
 * or fails in any way, as in sandboxed frames, and after 2 s if it does not answer.
 *
 * @returns A promise of the function that ends the turn; it never rejects
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
    // The function is async, so that a throw becomes a rejection. A request that ends without a turn also begins it.
    const request = async () => navigator.locks.request(name, begin)
    void request().then(begin, begin)
  })
}
