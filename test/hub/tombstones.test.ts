import { describe, expect, it } from 'vitest'
import { createStoreGuard } from '../../adapters/hub/store/store-guard.ts'
import { toTombstone } from '../../adapters/hub/store/tombstone.ts'
import { parseTombstone } from '../../adapters/redis/parse-tombstone.ts'
import { virtualEpoch as now } from '../kit/auth-fixtures.ts'

const day = 24 * 3_600_000
const end = { kind: 'session', id: 'sess_a' } as const
const guard = createStoreGuard(['a secret of a server with a store'], () => {})

describe('a tombstone in a store', () => {
  it('is accepted for as long as a server may have asked for', () => {
    for (const validUntil of [0, now + 60_000, now + 3_000 * day, now + 1e6 * day]) {
      const tombstone = guard.seal(toTombstone({ ...end, clearedAt: now }, now, validUntil))
      expect(parseTombstone(JSON.stringify(tombstone), now)).toEqual(tombstone)
      // The clock of another node may be behind.
      expect(parseTombstone(JSON.stringify(tombstone), now - 60_000)).toEqual(tombstone)
      expect(guard.isGenuine(tombstone)).toBe(true)
    }
  })

  it.each<[string, object]>([
    ['of no moment', {}],
    ['that would be kept without end', { clearedAt: now, until: 1e300 }],
    ['that would be kept for a century', { revokedAt: now, until: now + 36_500 * day }],
    ['of a moment that is none', { clearedAt: null }],
    ['of a kind that there is not', { revokedAt: now, kind: 'device' }],
  ])('%s is not a tombstone', (_, given) => {
    expect(parseTombstone(JSON.stringify({ ...toTombstone(end, now), ...given }), now)).toBeNull()
  })

  it('without a moment has no seal, so it comes from no server', () => {
    expect(guard.isGenuine(toTombstone(end, now))).toBe(false)
  })
})
