import { defaultClockTolerance } from '../../machines/verified-session.ts'
import { toClerkKeyOptions } from '../clerk/clerk-keys.ts'
import type { ResolvedClerkOptions } from '../clerk/clerk-options.ts'
import { toInstanceIssuers } from '../clerk/instance-issuers.ts'
import type { ClaimsOptions } from '../jose/claims-options.ts'
import { createTokenVerifier, type TokenVerifier, type TokenVerifierOptions } from '../jose/token-verifier.ts'
import type { Logger } from '../logger.ts'

export interface ServerVerifierOptions extends Omit<TokenVerifierOptions, 'keys'> {
  /** The keys that the app has given. Default: those of the Clerk instance. */
  readonly keys: TokenVerifierOptions['keys'] | undefined
  readonly clerk: ResolvedClerkOptions
  readonly allowedHosts: ReadonlySet<string> | null
  readonly logger: Logger
}

/** The token verifier of a server, by the rules and keys of its Clerk instance where the options give none. */
export interface ServerVerifier {
  readonly verify: TokenVerifier
  /** The rules for claims. */
  readonly claims: ClaimsOptions | undefined
  /** Seconds. */
  readonly clockTolerance: number
  /** @returns the age of the keys and the difference between the clocks, for an explanation */
  readFacts(): {
    readonly keysAge: number | null
    readonly clockOffset: number | null
    readonly clockSkew: number | null
  }
  /** Closes the keys, unless the app has given them. */
  close(): void
}

/** @param onKeys Called when keys are available again. */
export function createServerVerifier(options: ServerVerifierOptions, onKeys: () => void): ServerVerifier {
  const { clerk, clock, inspect, logger } = options
  const claims = toClaims(options)
  const ownKeys = options.keys
  const verify = createTokenVerifier({
    keys: ownKeys ?? toClerkKeyOptions(clerk, { logger }),
    claims,
    clock,
    inspect,
    logger,
  })
  const { keys } = verify
  let keysFetchedAt: number | null = null
  const unsubscribe = keys.subscribe(() => {
    keysFetchedAt = performance.now()
    onKeys()
  })

  return {
    verify,
    claims,
    clockTolerance: claims?.clockTolerance ?? defaultClockTolerance,
    readFacts() {
      const { offset, skew } = verify.readClock()
      const keysAge = keysFetchedAt === null ? null : performance.now() - keysFetchedAt
      return { keysAge, clockOffset: offset, clockSkew: skew }
    },
    close() {
      unsubscribe()
      if (keys !== ownKeys) keys.close()
    },
  }
}

/** Uses the issuer of the Clerk instance as the allowed `iss` if the options name none. */
function toClaims({ claims, clerk, allowedHosts, logger }: ServerVerifierOptions): ClaimsOptions | undefined {
  if (claims?.issuer !== undefined) return claims
  const origins = { authorizedParties: claims?.authorizedParties, allowedHosts: allowedHosts ?? [] }
  const issuer = toInstanceIssuers(clerk, origins, logger)
  return issuer ? { ...claims, issuer } : claims
}
