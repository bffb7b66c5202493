import { authErrors, type AuthError, type AuthErrorCode } from '../machines/auth-error.ts'
import type { Logger } from './logger.ts'

/** Logs that a token was refused. */
export type LogRefusal = (error: AuthError) => void

/**
 * The log level of each code. A warning mostly means a wrong option; information is part of normal operation; every
 * other code is debug, because anyone can send junk.
 */
const levels: Partial<Record<AuthErrorCode, 'warn' | 'info'>> = {
  'token-claims': 'warn',
  'token-type': 'warn',
  'token-signature': 'warn',
  'key-not-found': 'warn',
  'token-expired': 'info',
  'token-not-active': 'info',
  'token-superseded': 'info',
  'session-revoked': 'info',
  'session-expired': 'info',
  'session-pending': 'info',
  'too-many-sessions': 'info',
}

/** Shortest time between two lines of one kind, ms. */
const lineEvery = 60_000
/** Shortest time between two warnings of one kind, ms. The lines in between have the level information. */
const warnEvery = 3_600_000

interface Kind {
  lineAt: number
  warnedAt: number
  /** Refusals since the last line. */
  unsaid: number
}

/**
 * Creates a function that logs each refusal of a token as `token.refused`. Strangers cannot flood the log: each
 * combination of code and claim gets at most one line a minute, which counts the refusals before it, and one warning an
 * hour.
 *
 * @param now A clock that never goes back, ms; default `performance.now`.
 */
export function createRefusalLog(logger: Logger, now: () => number = () => performance.now()): LogRefusal {
  const kinds = new Map<string, Kind>()

  return ({ code, refusal }) => {
    // An outage is not a refusal, and the key source logs it.
    if (authErrors[code].state !== 'signedOut') return
    const name = `${code} ${refusal?.claim ?? ''}`
    const kind = kinds.get(name) ?? { lineAt: -Infinity, warnedAt: -Infinity, unsaid: 0 }
    kinds.set(name, kind)
    const at = now()
    if (at - kind.lineAt < lineEvery) {
      kind.unsaid += 1
      return
    }
    const known = levels[code] ?? 'debug'
    // A warning without an explanation becomes debug, because the verifier does not explain junk, such as a token that
    // names no key.
    const level = known === 'warn' && !refusal ? 'debug' : known
    const isQuiet = level === 'warn' && at - kind.warnedAt < warnEvery
    if (level === 'warn' && !isQuiet) kind.warnedAt = at
    logger[isQuiet ? 'info' : level]('token.refused', {
      code,
      ...refusal,
      ...(kind.unsaid > 0 && { unsaid: kind.unsaid }),
    })
    kind.lineAt = at
    kind.unsaid = 0
  }
}
