import type { Lifetime } from '../hub/node/session-lifetimes.ts'

/** How long a sign-in may last. */
export interface LifetimeOptions {
  /** Ms since the app last let a request in; default without end. */
  readonly idle?: number
  /** Ms since the sign-in; default without end. */
  readonly absolute?: number
}

const names: readonly string[] = ['idle', 'absolute'] satisfies readonly (keyof LifetimeOptions)[]
/** A shorter one would end before the next renewal, and is most likely meant in seconds. */
const shortest = 60_000
/** Ten years, which is the longest life of a session at Clerk. */
const longest = 3_653 * 24 * 3_600_000

/**
 * Checks the lifetime and fills in what it leaves out.
 * @returns null if nothing bounds the life of a session
 * @throws TypeError naming the option that cannot be used
 */
export function toLifetime(lifetime: LifetimeOptions | undefined): Lifetime | null {
  if (lifetime === undefined) return null
  if (typeof lifetime !== 'object' || lifetime === null || Array.isArray(lifetime)) {
    fail('lifetime', 'must be an object such as { idle: 30 * 60_000, absolute: 12 * 3_600_000 }')
  }
  const unknown = Object.keys(lifetime).find((name) => !names.includes(name))
  if (unknown !== undefined) fail(`lifetime.${unknown}`, `is not an option; there are ${names.join(', ')}`)
  const { idle, absolute } = lifetime
  requireSpan('idle', idle)
  requireSpan('absolute', absolute)
  if (idle === undefined && absolute === undefined) return null
  return { idle: idle ?? Infinity, absolute: absolute ?? Infinity }
}

function requireSpan(name: keyof LifetimeOptions, span: number | undefined) {
  if (span === undefined) return
  if (!Number.isFinite(span)) fail(`lifetime.${name}`, `must be a number of ms, ${shortest} or more`)
  if (span > longest) fail(`lifetime.${name}`, 'must be at most ten years: leave it out where there is to be no end')
  if (span >= shortest) return
  const hint = span > 0 ? `: for ${span} seconds write ${span * 1_000}` : ''
  fail(`lifetime.${name}`, `must be a number of ms, ${shortest} or more${hint}`)
}

function fail(name: string, problem: string): never {
  throw new TypeError(`createAuthServer: ${name} ${problem}`)
}
