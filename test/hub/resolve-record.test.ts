import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { resolveRecord } from '../../machines/resolve-record.ts'
import type { SessionRecord } from '../../machines/session-record.ts'
import { createTestRecord } from '../kit/session-store-tests.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
console.info(`resolve-record: SEED=${seed}`)
const runs = { seed, numRuns: 500 }

const record: fc.Arbitrary<SessionRecord> = fc
  .record({
    rev: fc.integer({ min: 1, max: 4 }),
    signedIn: fc.boolean(),
    user: fc.constantFrom('a', 'b'),
    iat: fc.integer({ min: 0, max: 3 }),
    life: fc.integer({ min: 1, max: 2 }),
    seqByTab: fc.dictionary(fc.constantFrom('t1', 't2', '__proto__'), fc.nat(5)),
  })
  .map(({ rev, signedIn, user, iat, life, seqByTab }) => {
    const seqs = Object.fromEntries(Object.entries(seqByTab))
    if (!signedIn) {
      const nobody = { claims: null, userId: null, sessionId: null, issuedAt: null, expiresAt: null }
      return createTestRecord({ rev, status: 'signedOut', ...nobody, seqByTab: seqs })
    }
    return createTestRecord({
      rev,
      userId: `user_${user}`,
      sessionId: `sess_${user}`,
      claims: { sub: `user_${user}`, sid: `sess_${user}`, iat, exp: iat + life },
      issuedAt: iat * 1_000,
      expiresAt: (iat + life) * 1_000,
      seqByTab: seqs,
    })
  })
/** Tombstones for some proofs: those of one user up to a moment. */
const endings = fc
  .record({ user: fc.constantFrom('a', 'b'), until: fc.integer({ min: -1, max: 3 }) })
  .map(({ user, until }) => (found: SessionRecord) => {
    return found.userId === `user_${user}` && found.issuedAt! <= until * 1_000
  })

/** The order of keys does not matter. */
const plain = (value: SessionRecord) => ({ ...value, seqByTab: new Map(Object.entries(value.seqByTab)) })

describe('resolveRecord', () => {
  it('gives the same result for either order of two records', () => {
    fc.assert(
      fc.property(record, record, endings, (a, b, isEnded) => {
        expect(plain(resolveRecord(a, b, isEnded))).toEqual(plain(resolveRecord(b, a, isEnded)))
      }),
      runs,
    )
  })

  it('gives the same result in any order in which three nodes hear of each other', () => {
    fc.assert(
      fc.property(record, record, record, endings, (a, b, c, isEnded) => {
        const resolve = (x: SessionRecord, y: SessionRecord) => resolveRecord(x, y, isEnded)
        expect(plain(resolve(resolve(a, b), c))).toEqual(plain(resolve(a, resolve(b, c))))
      }),
      runs,
    )
  })

  it('does not change for a record that comes twice', () => {
    fc.assert(
      fc.property(record, endings, (a, isEnded) => {
        expect(plain(resolveRecord(a, a, isEnded))).toEqual(plain(a))
      }),
      runs,
    )
  })

  it('never prefers a proof with a tombstone to one without', () => {
    fc.assert(
      fc.property(record, record, endings, (a, b, isEnded) => {
        const proves = (found: SessionRecord) => found.status === 'signedIn' && !isEnded(found)
        expect(proves(resolveRecord(a, b, isEnded))).toBe(proves(a) || proves(b))
      }),
      runs,
    )
  })

  const signedIn = createTestRecord({ rev: 1, issuedAt: 5_000 })

  it('prefers the later token to the higher revision', () => {
    expect(resolveRecord(signedIn, createTestRecord({ rev: 9, issuedAt: 4_000 })).issuedAt).toBe(5_000)
  })

  it('prefers the higher revision of two tokens of one second', () => {
    expect(resolveRecord(signedIn, createTestRecord({ rev: 2, issuedAt: 5_000, orgId: 'org_1' })).orgId).toBe('org_1')
  })

  it('keeps the highest seq of each tab', () => {
    const other = createTestRecord({ rev: 2, seqByTab: { tab: 2, other: 8 } })
    expect(resolveRecord(signedIn, other).seqByTab).toEqual({ tab: 3, other: 8 })
  })
})
