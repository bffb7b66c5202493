import { describe, expect, it } from 'vitest'
import { isAllowed, toUncheckedView, type AuthRule, type AuthView } from '../../machines/index.ts'

const now = Date.UTC(2026, 0, 1)

/** Makes a view with the claims of a v2 token, unless `claims` say otherwise. */
function toView(claims: object = {}, orgRole: string | null = null): AuthView {
  return {
    ...toUncheckedView(now),
    state: 'signedIn',
    isSignedIn: true,
    userId: 'user_a',
    sessionId: 'sess_a',
    orgId: orgRole && 'org_1',
    orgRole,
    claims: { iat: now / 1_000, ...claims },
  }
}

const admin = {
  o: { id: 'org_1', rol: 'admin', per: 'read,manage', fpm: '3,2' },
  fea: 'o:invoices,u:export,uo:reports',
}

describe('isAllowed', () => {
  it.each<[AuthRule, object, boolean]>([
    [{}, {}, true],
    [{ role: 'admin' }, admin, true],
    [{ role: 'org:admin' }, admin, true],
    [{ role: 'member' }, admin, false],
    [{ permission: 'org:invoices:manage' }, admin, true],
    [{ permission: 'invoices:read' }, admin, true],
    [{ permission: 'org:reports:read' }, admin, false],
    [{ permission: 'org:export:read' }, admin, false],
    [{ role: 'admin', permission: 'org:reports:read' }, admin, false],
    [{ permission: 'org:pay' }, { org_id: 'org_1', org_permissions: ['org:pay'] }, true],
    [{ feature: 'invoices' }, admin, true],
    [{ feature: 'export' }, admin, true],
    [{ feature: 'org:invoices' }, admin, true],
    [{ feature: 'user:invoices' }, admin, false],
    [{ feature: 'u:reports' }, admin, true],
    [{ feature: 'o:reports' }, admin, true],
    [{ feature: 'team:reports' }, admin, false],
    [{ feature: 'reports' }, {}, false],
    [{ feature: 'reports' }, { fea: 'reports' }, false],
    [{ plan: 'pro' }, { pla: 'u:pro' }, true],
    [{ plan: 'org:pro' }, { pla: 'u:pro' }, false],
    [{ plan: 'pro', feature: 'sso' }, { pla: 'u:pro', fea: 'u:export' }, false],
    [{ impersonation: false }, {}, true],
    [{ impersonation: false }, { act: { sub: 'user_support' } }, false],
    [{ impersonation: true }, { act: { sub: 'user_support' } }, true],
  ])('by %j of a token with %j is %s', (rule, claims, expected) => {
    expect(
      isAllowed(toView(claims, 'o' in claims ? 'org:admin' : 'org_id' in claims ? 'org:member' : null), rule),
    ).toBe(expected)
  })

  it.each<[number, unknown, number, boolean]>([
    [10, [9, -1], 0, true],
    [10, [10, -1], 0, false],
    [10, [9, -1], 61, false],
    [10, [600, 9], 0, true],
    [10, [1, 600], 0, false],
    [10, [-1, -1], 0, false],
    [10, undefined, 0, false],
    [10, 'now', 0, false],
    [10, [Number.NaN, -1], 0, false],
  ])('with freshness: %d of fva %j, %d s after the token, is %s', (freshness, fva, age, expected) => {
    expect(isAllowed({ ...toView({ fva }), now: now + age * 1_000 }, { freshness })).toBe(expected)
  })

  it('is false if nobody is signed in, whatever the claims say', () => {
    expect(isAllowed({ ...toView(admin), isSignedIn: false })).toBe(false)
    expect(isAllowed(toUncheckedView(now))).toBe(false)
  })

  it('throws for an unknown rule instead of letting every user pass', () => {
    expect(() => isAllowed(toView(), { rol: 'admin' } as AuthRule)).toThrow(/isAllowed: rol is not a rule/)
    expect(() => isAllowed(toView(), { constructor: 'admin' } as never)).toThrow(TypeError)
  })

  it.each(['role', 'permission', 'feature', 'plan', 'freshness', 'impersonation'])(
    'throws for a %s without a value, which would let every user pass',
    (name) => {
      expect(() => isAllowed(toView(), { [name]: undefined })).toThrow(
        new TypeError(`isAllowed: ${name} has no value: leave it out if it is not required`),
      )
    },
  )
})
