/** React renders a suspended tree again within this time, ms. */
const rendersWithin = 1_000

let lostAt: number | null = null

/** Notes that React has dropped a provider, because a component below it suspended and the boundary is above it. */
export function noteLostProvider(): void {
  lostAt = performance.now()
}

/** True if that happened a moment ago, so that a provider rendered now may be the next attempt. */
export function wasProviderLost(): boolean {
  return lostAt !== null && performance.now() - lostAt < rendersWithin
}
