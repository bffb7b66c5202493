// These are saved before any test replaces the global timers.
const { setImmediate } = globalThis
const now = process.hrtime.bigint.bind(process.hrtime)

/** Waits for turns of the event loop, after which everything in transit between two ends of one process has arrived. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise<void>((resolve) => void setImmediate(resolve))
}

/**
 * Waits in real time for something that real sockets and threads do.
 *
 * @returns true if it happened within the given ms
 */
export async function eventually(isSo: () => boolean | Promise<boolean>, milliseconds: number): Promise<boolean> {
  const deadline = now() + BigInt(milliseconds) * 1_000_000n
  for (;;) {
    if (await isSo()) return true
    if (now() >= deadline) return false
    await turns(1)
  }
}
