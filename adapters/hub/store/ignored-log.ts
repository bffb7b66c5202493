import type { Logger } from '../../logger.ts'
import { createLineLimit } from './line-limit.ts'

/** The kinds of stored content that are ignored because they do not count. */
export type IgnoredKind = 'record' | 'cookie' | 'rotation' | 'tombstone'

/**
 * `seal`: none of this server's secrets has sealed it. `shape`: it does not have the expected form. `expiry`: it would
 * count for longer than any token. `instance`: servers with other rules wrote it. `claims`: the rules of this server
 * refuse it.
 */
export type IgnoredReason = 'seal' | 'shape' | 'expiry' | 'instance' | 'claims'

const remedies: Readonly<Record<IgnoredReason, string>> = {
  seal: 'Somebody else can write to the store, or a server has another `secret` or Clerk secret key. Let only the servers of one deployment write there, and give every other deployment a `prefix` or a store of its own',
  shape: 'Somebody else can write to the store. Let only the servers of one deployment write there',
  expiry: 'Somebody else can write to the store. Let only the servers of one deployment write there',
  instance:
    'A session of servers with another issuer, other authorized parties or another audience does not count here',
  claims: 'The rules of this server refuse the claims of a session that another server has let in',
}

/**
 * @returns a function that logs that something was ignored. Each kind and reason gets one loud line per minute, because
 * a stranger may send many.
 */
export function createIgnoredLog(logger: Logger): (kind: IgnoredKind, reason: IgnoredReason) => void {
  const isLoud = createLineLimit()

  return (kind, reason) => {
    const known = reason === 'instance' || reason === 'claims' ? 'info' : 'warn'
    const level = isLoud(`${kind} ${reason}`) ? known : 'debug'
    logger[level]('store.ignored', { kind, reason, remedy: remedies[reason] })
  }
}
