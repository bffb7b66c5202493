import { authErrors } from '../machines/auth-error.ts'
import type { AuthError, AuthErrorCode } from '../machines/auth-error.ts'
import type { Logger } from './logger.ts'

/** Writes that a token was refused. */
export type LogRefusal = (error: AuthError) => void

/**
 * The level of each code. A warning is most often a fault of the options; information is part of any day; every other code
 * is debugging, since anybody can send junk.
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
  'session-pending': 'info',
  'too-many-sessions': 'info',
}

/** From one line of a kind to the next, ms. */
const lineEvery = 60_000
/** From one warning of a kind to the next, ms. The lines between are information. */
const warnEvery = 3_600_000

interface Kind {
  lineAt: number
  warnedAt: number
  /** Refusals since the last line. */
  unsaid: number
}

/**
 * Writes each refusal of a token as `token.refused`, so that no stranger can flood a log: of one code and claim there is
 * one line a minute, which counts those before it, and one warning an hour.
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
    // The verifier explains no junk, such as a token that names no key.
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
