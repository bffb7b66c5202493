/** How long further lines of one kind are kept quiet after a loud one, ms. */
const quietFor = 60_000

/**
 * @returns a function that is true if a line of this kind may be loud now. That is once per minute, because thousands
 * of equal lines would hide the others.
 */
export function createLineLimit(): (kind: unknown) => boolean {
  const quietUntil = new Map<unknown, number>()

  return (kind) => {
    const now = performance.now()
    const isLoud = now >= (quietUntil.get(kind) ?? -Infinity)
    if (isLoud) quietUntil.set(kind, now + quietFor)
    return isLoud
  }
}
