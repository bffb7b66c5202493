/** Ms for which further lines of a kind are too many. */
const quietFor = 60_000

/** Tells for each kind of line whether it may be loud: once a minute, since thousands of equal lines would hide the others. */
export function createLineLimit(): (kind: unknown) => boolean {
  const quietUntil = new Map<unknown, number>()

  return (kind) => {
    const now = performance.now()
    const isLoud = now >= (quietUntil.get(kind) ?? -Infinity)
    if (isLoud) quietUntil.set(kind, now + quietFor)
    return isLoud
  }
}
