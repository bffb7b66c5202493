import type { AuthErrorCode } from './auth-error.ts'
import type { AuthView } from './auth-view.ts'
import { toPermissions } from './permissions.ts'
import type { AuthClaims } from './verified-session.ts'

/** The conditions that a signed-in user must meet, as in Clerk's `has()`: all that are given must hold. */
export interface AuthRule {
  /** The role in the active organization, `org:admin` or `admin`. */
  readonly role?: string
  /** A permission in the active organization, such as `org:invoices:create`. */
  readonly permission?: string
  /** A feature of the user's plan or of the organization's; `user:…` or `org:…` asks for one of the two. */
  readonly feature?: string
  /** A plan of the user or the organization; `user:…` or `org:…` asks for one of the two. */
  readonly plan?: string
  /**
   * Minutes within which the user must have proven who they are: with the second factor if they have one, else with the
   * first. The claim `fva` holds the times.
   */
  readonly freshness?: number
  /** `false` refuses an impersonated user. The claim `act` names the person who acts for the user. */
  readonly impersonation?: boolean
}

/** The reason why a view does not meet a rule. */
export type RuleRefusal = Extract<AuthErrorCode, 'not-signed-in' | 'forbidden' | 'reverification-needed'>

/** The claims of a token; a browser has only those of `publicClaims`. */
type Claims = Partial<AuthClaims>
type Checks = {
  readonly [Name in keyof AuthRule]-?: (asked: NonNullable<AuthRule[Name]>, view: AuthView, claims: Claims) => boolean
}

/** An app may name a role or permission without the prefix that Clerk puts before it. */
const withOrg = (name: string) => name.replace(/^(org:)*/, 'org:')

const checks: Checks = {
  role: (asked, { orgRole }) => orgRole !== null && withOrg(orgRole) === withOrg(asked),
  permission: (asked, _, claims) => toPermissions(claims).includes(withOrg(asked)),
  feature: (asked, _, { fea }) => isListed(fea, asked),
  plan: (asked, _, { pla }) => isListed(pla, asked),
  impersonation: (asked, _, { act }) => asked || act == null,
  // This check is the last one, because only here the user can do at once what is asked for.
  freshness: (asked, view) => toFreshFor(view, asked) > 0,
}

/** Every part that a rule may have. */
export const ruleNames = Object.keys(checks) as (keyof AuthRule)[]

/**
 * True if the view is of a signed-in user who meets the whole rule. The browser can tell unless `publicClaims` leaves
 * out `o`, `fea`, `pla`, `act`, `fva` or `iat`; permissions of v1 tokens need `org_permissions`.
 *
 * @throws TypeError for a rule that does not exist or has no value
 * @example isAllowed(view, { permission: 'org:invoices:create' })
 */
export function isAllowed(view: AuthView, rule: AuthRule = {}): boolean {
  const empty = Object.keys(rule).find((name) => rule[name as keyof AuthRule] === undefined)
  if (empty !== undefined) throw new TypeError(`isAllowed: ${empty} has no value: leave it out if it is not required`)
  return toRuleRefusal(view, rule) === null
}

/**
 * Tells why a view does not meet a rule. A part without a value asks for nothing.
 *
 * @returns The reason, or null if the view meets the rule.
 * @throws TypeError for a rule that does not exist
 */
export function toRuleRefusal(view: AuthView, rule: AuthRule): RuleRefusal | null {
  const unknown = Object.keys(rule).find((name) => !ruleNames.includes(name as keyof AuthRule))
  if (unknown !== undefined)
    throw new TypeError(`isAllowed: ${unknown} is not a rule: the rules are ${ruleNames.join(', ')}`)
  if (!view.isSignedIn) return 'not-signed-in'
  const missing = ruleNames.find(
    (name) => rule[name] !== undefined && !checks[name](rule[name] as never, view, view.claims ?? {}),
  )
  if (missing === undefined) return null
  return missing === 'freshness' ? 'reverification-needed' : 'forbidden'
}

/** @returns The ms for which the last verification stays fresh enough; 0 or less if it is not. */
export function toFreshFor({ claims, now }: AuthView, minutes: number): number {
  const { fva, iat = NaN } = (claims ?? {}) as Claims
  const [first, second]: unknown[] = Array.isArray(fva) ? fva : []
  // The ages are in minutes at the time of the token. -1 means that there is no such factor, or that it was never used.
  const age = second === -1 ? first : second
  if (typeof age !== 'number' || !(age >= 0)) return 0
  return minutes * 60_000 - age * 60_000 - Math.max(0, now - iat * 1_000) || 0
}

/** True if a list such as `o:sso,u:export,uo:reports` contains the name in the scope that is asked for. */
function isListed(list: unknown, asked: string): boolean {
  const [, scope, name = ''] = /^(?:(o|org|organization|u|user):)?([^:]+)$/.exec(asked) ?? []
  if (typeof list !== 'string' || name === '') return false
  return list.split(',').some((entry) => {
    const [, scopes = '', listed] = /^\s*(o|u|ou|uo):(.+?)\s*$/.exec(entry) ?? []
    return listed === name && (scope === undefined || scopes.includes(scope[0]!))
  })
}
