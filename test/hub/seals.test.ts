import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { toCanonicalJson } from '../../adapters/hub/store/canonical-json.ts'
import { createMemorySessionStore } from '../../adapters/hub/store/memory-session-store.ts'
import { createSealedStore } from '../../adapters/hub/store/sealed-store.ts'
import { createSeals } from '../../adapters/hub/store/seals.ts'
import type { SessionStore, StoreChange } from '../../adapters/hub/store/session-store.ts'
import { toLogger } from '../../adapters/logger.ts'
import type { AuthClaims, VerifiedSession } from '../../machines/index.ts'
import { createTestRecord } from '../kit/session-store-tests.ts'

const [old, next] = ['a secret of before, 32 characters', 'a secret of from now on, 32 letters']

/** Returns the same value with the members of every object in reverse order, as some databases return it. */
function turnRound(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turnRound)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toReversed()
  return Object.fromEntries(entries.map(([name, member]) => [name, turnRound(member)]))
}

describe('the canonical JSON of a value', () => {
  it('does not depend on the order of members, and reads back as the value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        const text = toCanonicalJson(value)
        const stored: unknown = JSON.parse(JSON.stringify(value))
        expect(toCanonicalJson(turnRound(stored))).toBe(text)
        expect(JSON.parse(text)).toEqual(stored)
      }),
    )
  })

  it('omits what JSON omits', () => {
    expect(toCanonicalJson({ b: [undefined, 1], a: undefined, c: null })).toBe('{"b":[null,1],"c":null}')
  })
})

describe('a seal', () => {
  const content = { id: 'session-1', rev: 3 }

  it('is valid only for its kind, content, scope and secret', () => {
    const seals = createSeals([old], 'here')
    const seal = seals.make('record', content)
    expect(seal).toMatch(/^[\w-]{22}$/)
    expect(seals.verify('record', { rev: 3, id: 'session-1' }, seal)).toBe(true)
    expect(seals.verify('cookie', content, seal)).toBe(false)
    expect(seals.verify('record', { ...content, rev: 4 }, seal)).toBe(false)
    expect(createSeals([old], 'there').verify('record', content, seal)).toBe(false)
    expect(createSeals([next], 'here').verify('record', content, seal)).toBe(false)
  })

  it.each([undefined, null, '', 5, 'x'.repeat(22), 'x'.repeat(43), '='.repeat(22), 'é'.repeat(22), {}])(
    'does not accept %j',
    (seal) => {
      expect(createSeals([old], 'here').verify('record', content, seal)).toBe(false)
    },
  )

  it('is made with the first secret, and accepted with any of them', () => {
    const [before, both, after] = [[old], [next, old], [next]].map((secrets) => createSeals(secrets, 'here'))
    expect(both!.verify('record', content, before!.make('record', content))).toBe(true)
    expect(after!.verify('record', content, both!.make('record', content))).toBe(true)
    expect(before!.verify('record', content, both!.make('record', content))).toBe(false)
  })
})

describe('a store of your own without code for seals', () => {
  const toVerified = ({ sub, sid, iat, exp, ...claims }: AuthClaims): VerifiedSession => ({
    status: 'active',
    userId: sub,
    sessionId: sid,
    orgId: null,
    claims: { sub, sid, iat, exp, ...claims },
    issuedAt: iat! * 1_000,
    expiresAt: exp * 1_000,
  })

  function start(store: SessionStore = { ...createMemorySessionStore({ clock: () => 0 }), isPrivate: false }) {
    const warn = vi.fn<(code: string, details?: object) => void>()
    const judge = (claims: unknown) => toVerified(claims as AuthClaims)
    const settings = { instance: 'here', judge, clock: () => 0, logger: toLogger({ warn }) }
    return { store, warn, sealed: createSealedStore({ store, secrets: [old], ...settings }) }
  }

  it('gives back what a server has stored there, unchanged', async () => {
    const { store, sealed } = start()
    const record = createTestRecord()
    const heard: StoreChange[] = []
    sealed.watch((change) => heard.push(change))
    await sealed.write(record, { expectedRev: null, until: 1_000 })
    await sealed.rotate(record.id, { from: null, to: 'alias-1', userId: 'user_a', retireFor: 10_000 })
    expect(await sealed.read('alias-1')).toEqual({ record, retired: false, userId: 'user_a' })
    expect(heard).toEqual([
      { type: 'record', record },
      { type: 'rotated', id: record.id, from: null, to: 'alias-1', userId: 'user_a' },
    ])
    expect((await store.read('alias-1'))?.record).toMatchObject({ instance: 'here' })
  })

  it('may reorder the members of a record', async () => {
    const memory: SessionStore = { ...createMemorySessionStore({ clock: () => 0 }), isPrivate: false }
    const { sealed } = start({
      ...memory,
      write: (record, settings) => memory.write(turnRound(record) as typeof record, settings),
    })
    const record = createTestRecord()
    await sealed.write(record, { expectedRev: null, until: 1_000 })
    await sealed.rotate(record.id, { from: null, to: 'alias-1', userId: null, retireFor: 10_000 })
    expect(await sealed.read('alias-1')).toEqual({ record, retired: false, userId: null })
  })

  it('signs nobody out with a tombstone that no server has made', async () => {
    const { store, sealed, warn } = start()
    const heard: StoreChange[] = []
    sealed.watch((change) => heard.push(change))
    await store.addTombstone({ kind: 'user', id: 'user_a', revokedAt: 1, until: 1_000 })
    expect(heard).toEqual([])
    expect(warn).toHaveBeenCalledExactlyOnceWith('store.ignored', expect.objectContaining({ kind: 'tombstone' }))
    await sealed.addTombstone({ kind: 'user', id: 'user_b', revokedAt: 1, until: 1_000 })
    expect(heard).toMatchObject([{ type: 'tombstone', tombstone: { id: 'user_b' } }])
  })

  it.each<[string, object]>([
    ['a record for another user than its claims', { userId: 'user_b' }],
    ['another organization', { orgId: 'org_b' }],
    ['a later end', { expiresAt: 1e15 }],
    ['the profile of another user', { user: { id: 'user_b' } }],
  ])('does not get in %s, though a server has sealed it', async (_, change) => {
    const { sealed } = start()
    const record = createTestRecord(change)
    await sealed.write(record, { expectedRev: null, until: 1_000 })
    await sealed.rotate(record.id, { from: null, to: 'alias-1', userId: null, retireFor: 10_000 })
    expect(await sealed.read('alias-1')).toBeNull()
  })
})
