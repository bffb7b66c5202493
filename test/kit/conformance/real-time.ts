// Kept from before any test puts its own in their place.
const { setImmediate } = globalThis
const now = process.hrtime.bigint.bind(process.hrtime)

/** Turns of the event loop: what is on its way between two ends of one process has arrived by then. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise<void>((resolve) => void setImmediate(resolve))
}

/** Waits in real time for what real sockets and threads bring about. → whether it came within so many ms */
export async function eventually(isSo: () => boolean | Promise<boolean>, milliseconds: number): Promise<boolean> {
  const deadline = now() + BigInt(milliseconds) * 1_000_000n
  for (;;) {
    if (await isSo()) return true
    if (now() >= deadline) return false
    await turns(1)
  }
}
