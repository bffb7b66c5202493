/** What suspended is rendered again within so many ms. */
const rendersWithin = 1_000

let lostAt: number | null = null

/** Notes that React has thrown a provider away: something below it suspended, and the boundary is above it. */
export function noteLostProvider(): void {
  lostAt = performance.now()
}

/** True where that was a moment ago: a provider that is rendered now may be the next attempt. */
export function wasProviderLost(): boolean {
  return lostAt !== null && performance.now() - lostAt < rendersWithin
}
