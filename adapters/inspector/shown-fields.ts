import { isAuthErrorCode, type AuthErrorCode } from '../../machines/auth-error.ts'
import type { SyncErrorCode } from '../../machines/sync/sync-error.ts'
import { toOrgRole, type AuthClaims } from '../../machines/verified-session.ts'

/** A value that may be shown: plain data, at most two levels deep. */
export type Shown = string | number | boolean | null | ShownFields
/** Fields that may be shown, by name. */
export interface ShownFields {
  readonly [name: string]: Shown
}

/** Returns the part of a value that may be shown, or `undefined` if nothing may be. */
type Show = (value: unknown) => Shown | undefined

/** The codes that the browser adds to those of the server. The type asks for every one of them. */
const syncErrorCodes: Readonly<Record<Exclude<SyncErrorCode, AuthErrorCode>, true>> = {
  'clerk-no-token': true,
  'clerk-timeout': true,
  'network-failed': true,
  'answer-malformed': true,
  'answer-cached': true,
  'store-not-shared': true,
  'client-not-loaded': true,
}
const statuses: readonly unknown[] = ['active', 'pending', 'signedIn', 'signedOut']
const byeReasons: readonly unknown[] = ['closing', 'rotated', 'slow', 'revoked']

const plainId = /^[\w:.@|-]{1,128}$/
/** Three long segments are a token, whatever the name of the field (RFC 7515 §7.1). */
const tokenLike = /^[\w-]{10,}\.[\w-]{10,}\.[\w-]*$/

/**
 * Returns an id or a name unchanged, or `[id]` if it looks like something else. Ids come from claims, and claims come
 * from outside.
 */
export function toShownId(value: unknown): string | null | undefined {
  if (value === null) return null
  if (typeof value !== 'string') return undefined
  return plainId.test(value) && !tokenLike.test(value) ? value : '[id]'
}

const toNumber: Show = (value) => (typeof value === 'number' && Number.isFinite(value) ? value : undefined)
const toFlag: Show = (value) => (typeof value === 'boolean' ? value : undefined)
const toLength: Show = (value) => (Array.isArray(value) ? value.length : undefined)
const oneOf =
  (choices: readonly unknown[]): Show =>
  (value) =>
    choices.includes(value) ? (value as string) : undefined

/**
 * Returns only the code of an error, which is one of a closed list. Its message and its causes may contain anything.
 */
const toFailure: Show = (value) => {
  if (typeof value !== 'object' || value === null) return value === null ? null : undefined
  const { code } = value as { code?: unknown }
  const isKnown = isAuthErrorCode(code) || (typeof code === 'string' && Object.hasOwn(syncErrorCodes, code))
  return { code: isKnown ? code : '[error]' }
}

/** The fields that may be shown, by name, in events, contexts and the objects inside them. All others are dropped. */
const flatFields: Readonly<Record<string, Show>> = {
  ...named(toShownId, 'userId sessionId orgId orgRole channel state ended'),
  ...named(toNumber, 'issuedAt expiresAt retryAt attempts failures rev now'),
  ...named(toNumber, 'fetchedAt fetchedBy attemptedAt epoch seq offset delay streamAttempts'),
  ...named(toNumber, 'heardAt openedAt reconnectAt reconnectNotBefore confirmedAt postedAt retryNotBefore'),
  ...named(toFlag, 'timedOut decided authChecked isSignedIn wanted retryable'),
  ...named(toFlag, 'isLoaded isClerkLoaded isFresh isRearmed isReconnectQuiet'),
  ...named(toLength, 'queue held'),
  ...named(toFailure, 'error failure streamFailure lastFailure'),
  status: oneOf(statuses),
  reason: oneOf(byeReasons),
}

const nest: Show = (value) => (typeof value === 'object' && value !== null ? toShownFields(value, flatFields) : null)

const allFields: Readonly<Record<string, Show>> = {
  ...flatFields,
  ...named(nest, 'view identity record'),
  ...named((value) => (value === null ? null : '[token]'), 'token posted'),
}

/**
 * Returns the fields of an event or a context that may be shown. The role in the organization is the only claim among
 * them.
 */
export function toShownFields(
  value: object,
  fields: Readonly<Record<string, Show>> = allFields,
): Record<string, Shown> {
  const shown: Record<string, Shown> = {}
  for (const [name, show] of Object.entries(fields)) {
    if (!Object.hasOwn(value, name)) continue
    const part = show(value[name as never])
    if (part !== undefined) shown[name] = part
  }
  const claims: unknown = 'claims' in value ? value.claims : null
  if (typeof claims !== 'object' || claims === null) return shown
  const orgRole = toShownId(toOrgRole(claims as AuthClaims))
  return orgRole ? { ...shown, orgRole } : shown
}

function named(show: Show, names: string): Record<string, Show> {
  return Object.fromEntries(names.split(' ').map((name) => [name, show]))
}
