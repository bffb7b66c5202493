import { signedInAuthObject } from '@clerk/backend/internal'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  isAllowed,
  toOrgRole,
  toUncheckedView,
  type AuthClaims,
  type AuthRule,
  type AuthView,
} from '../../machines/index.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
const cases = Number(process.env['CASES'] ?? 4_000)
const now = Date.UTC(2026, 0, 1)
const name = fc.constantFrom('invoices', 'reports', 'export', 'pro')
const list = fc
  .array(fc.tuple(fc.constantFrom('o', 'u', 'ou', 'uo', 'x'), name), { maxLength: 4 })
  .map((entries) => entries.map(([scope, entry]) => `${scope}:${entry}`).join(','))
const mask = fc.oneof(fc.nat({ max: 7 }).map(String), fc.constantFrom('', 'x', '18446744073709551615'))
const organization = fc.record(
  {
    id: fc.constant('org_1'),
    rol: fc.constantFrom('admin', 'member'),
    per: fc.constantFrom('read', 'read,manage', 'read, manage,delete'),
    fpm: fc.array(mask, { maxLength: 4 }).map((masks) => masks.join(',')),
  },
  { requiredKeys: ['id', 'rol'] },
)
const factorAge = fc.constantFrom(-1, 0, 5, 9, 10, 11, 600)
const claims = fc.record(
  {
    v: fc.constant(2),
    sub: fc.constant('user_a'),
    sid: fc.constant('sess_a'),
    iat: fc.constant(now / 1_000),
    o: organization,
    fea: list,
    pla: list,
    fva: fc.tuple(factorAge, factorAge),
  },
  { requiredKeys: ['v', 'sub', 'sid', 'iat'] },
)
const scoped = fc
  .tuple(fc.constantFrom('', 'o:', 'u:', 'org:', 'user:', 'organization:', 'team:'), name)
  .map(([scope, entry]) => scope + entry)
const parts = {
  role: fc.constantFrom('admin', 'org:admin', 'member', 'org:owner'),
  permission: fc
    .tuple(fc.constantFrom('', 'org:'), name, fc.constantFrom('read', 'manage', 'delete'))
    .map(([prefix, feature, action]) => `${prefix}${feature}:${action}`),
  feature: scoped,
  plan: scoped,
  freshness: fc.constantFrom(1, 10, 60),
}
/**
 * Most rules have one part, because few tokens have all of them. A rule without any part is left out, because Clerk
 * cannot answer it.
 */
const rule: fc.Arbitrary<AuthRule> = fc.oneof(
  ...Object.entries(parts).map(([part, value]) => (value as fc.Arbitrary<unknown>).map((asked) => ({ [part]: asked }))),
  fc.record(parts, { requiredKeys: [] }).filter((asked) => Object.keys(asked).length > 0),
)

function toView(given: AuthClaims): AuthView {
  const { o } = given
  const signedIn = { state: 'signedIn', isSignedIn: true, userId: given.sub, sessionId: given.sid } as const
  return { ...toUncheckedView(now), ...signedIn, orgId: o?.id ?? null, orgRole: toOrgRole(given), claims: given }
}

function askClerk(given: AuthClaims, { freshness, ...parts }: AuthRule): boolean {
  const reverification = freshness && { level: 'second_factor' as const, afterMinutes: freshness }
  const { has } = signedInAuthObject({}, 'token', given as never)
  return has({ ...parts, ...(reverification && { reverification }) } as never)
}

it(`isAllowed decides as Clerk's has() does, ${cases} generated tokens and rules`, () => {
  const seen = { true: 0, false: 0 }
  fc.assert(
    fc.property(claims, rule, (given, asked) => {
      const isExpected = askClerk(given as never, asked)
      seen[`${isExpected}`] += 1
      expect(isAllowed(toView(given as never), asked)).toBe(isExpected)
    }),
    { seed, numRuns: cases },
  )
  expect(Math.min(seen.true, seen.false)).toBeGreaterThan(cases / 20)
})
