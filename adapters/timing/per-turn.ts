/** The most starts in one turn: a stream that opens, or a first sign-in, takes some tenths of a ms. */
const usual = 16

/**
 * Limits how often work starts in one turn of the event loop. What comes beyond that starts in later turns, in order, so
 * that a burst does not hold up everything else. A browser has no `setImmediate`, so it takes a timer there.
 *
 * @param most the most starts in one turn; default 16
 */
export function perTurn<Input, Result>(
  work: (input: Input) => Promise<Result>,
  most = usual,
): (input: Input) => Promise<Result> {
  const waiting: (() => void)[] = []
  let started = 0
  let isArmed = false

  function arm() {
    if (isArmed) return
    isArmed = true
    if (typeof setImmediate === 'function') setImmediate(turn)
    else setTimeout(turn)
  }

  function turn() {
    isArmed = false
    const starts = waiting.splice(0, most)
    started = starts.length
    if (started > 0) arm()
    for (const start of starts) start()
  }

  return (input) => {
    arm()
    if (started >= most || waiting.length > 0) {
      return new Promise((resolve) => waiting.push(() => resolve(work(input))))
    }
    started += 1
    return work(input)
  }
}
