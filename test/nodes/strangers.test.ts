import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AuthServerOptions } from '../../adapters/h3/index.ts'
import type { SessionRecord } from '../../machines/index.ts'
import { eventually, startServer, type TestServer } from '../h3/harness.ts'
import { findRedis, startRedis, type RedisServer } from '../store/redis-server.ts'
import { createDeployment, createRoamer } from './nodes.ts'
import { createStranger } from './stranger.ts'

const year = 365 * 24 * 3_600_000
const ignored = (node: TestServer) =>
  node.lines
    .filter(([level, code]) => code === 'store.ignored' && level !== 'debug')
    .map(
      ([level, , details]) =>
        `${String(level)} ${(details as { kind: string }).kind} ${(details as { reason: string }).reason}`,
    )

describe.runIf(findRedis())('a stranger who can write to Redis, and has no secret of its servers', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  /** Starts a node where a victim and a stranger are signed in, and a node that holds neither of them. */
  async function start(options: AuthServerOptions = {}) {
    const deployment = createDeployment(redis, options)
    const [here, there] = [await deployment.add(), await deployment.add()]
    const [victim, mine] = [createRoamer(), createRoamer()]
    const token = here.mint({ sub: 'user_victim', sid: 'sess_victim' })
    expect((await victim.token(here, token)).body.userId).toBe('user_victim')
    expect((await mine.token(here, here.mint({ sub: 'user_mine', sid: 'sess_mine' }))).body.userId).toBe('user_mine')
    return { deployment, here, there, victim, mine, token, stranger: createStranger(redis, deployment.prefix) }
  }

  const toForged = (record: SessionRecord): SessionRecord => {
    const now = Date.now()
    const claims = {
      ...record.claims!,
      sub: 'user_admin',
      iat: Math.floor(now / 1_000),
      exp: Math.floor((now + year) / 1_000),
      org_role: 'org:superadmin',
    }
    const [issuedAt, expiresAt] = [claims.iat * 1_000, claims.exp * 1_000]
    return { ...record, rev: record.rev + 1_024, userId: 'user_admin', claims, issuedAt, expiresAt }
  }

  it('cannot sign in as somebody else by a record that he has written', async () => {
    const { there, mine, stranger } = await start()
    await stranger.rewrite(mine.cookie!, toForged)
    expect((await mine.session(there)).body).toMatchObject({ isSignedIn: false, userId: null })
    expect(ignored(there)).toEqual(['warn record seal'])
  })

  it('gives nobody more rights by a record that he publishes', async () => {
    const { here, mine, stranger } = await start()
    const { record } = await stranger.read(mine.cookie!)
    await stranger.tellRecord({
      ...record,
      rev: record.rev + 4_096,
      claims: { ...record.claims!, org_role: 'org:superadmin' },
    })
    await eventually(() => ignored(here).length > 0, 'the message')
    expect((await mine.session(here)).body).toMatchObject({ userId: 'user_mine', orgRole: null })
    expect(ignored(here)).toEqual(['warn record seal'])
  })

  it('is not let in by a cookie of his that he has led to somebody else', async () => {
    const { here, there, victim, mine, stranger } = await start()
    await stranger.redirect(mine.cookie!, victim.cookie!)
    expect((await mine.session(there)).body).toMatchObject({ isSignedIn: false, userId: null })
    expect((await mine.session(here)).body.userId).toBe('user_mine')
    expect((await victim.session(there)).body.userId).toBe('user_victim')
    expect(ignored(there)).toEqual(['warn cookie seal'])
  })

  it('takes over no session, and ends no stream, by a rotation that he publishes', async () => {
    const { here, victim, stranger } = await start()
    const stream = await victim.open(here)
    const { record } = await stranger.read(victim.cookie!)
    const [from, to] = [stranger.toAlias(victim.cookie!), stranger.toAlias('authchart=' + 'x'.repeat(43))]
    await stranger.tellRotation(record.id, { from, to, userId: 'user_victim' })
    await eventually(() => ignored(here).length > 0, 'the message')
    const planted = await here.send('/auth/session', { headers: { cookie: `authchart=${'x'.repeat(43)}` } })
    expect(planted.body.userId).toBeNull()
    expect((await victim.session(here)).body.userId).toBe('user_victim')
    expect(ignored(here)).toEqual(['warn rotation seal'])
    await victim.token(here, here.mint({ sub: 'user_victim', sid: 'sess_victim', act: { sub: 'user_support' } }))
    expect((await stream.viewWhere(({ claims }) => claims?.['act'] !== undefined)).userId).toBe('user_victim')
    stream.close()
  })

  it.each(['session', 'user'] as const)(
    'signs nobody out by a tombstone of a %s, not even on a node that starts',
    async (kind) => {
      const { deployment, here, victim, stranger } = await start()
      const id = kind === 'user' ? 'user_victim' : 'sess_victim'
      await stranger.addTombstone({ kind, id, revokedAt: Date.now() + year, until: Date.now() + year })
      await eventually(() => ignored(here).length > 0, 'the message')
      const late = await deployment.add()
      for (const node of [here, late]) expect((await victim.session(node)).body.userId).toBe('user_victim')
      expect([ignored(here), ignored(late)]).toEqual([['warn tombstone seal'], ['warn tombstone seal']])
    },
  )

  it('makes no node forget a sign-out by a tombstone that looks newer', async () => {
    const { deployment, here, there, victim, token, stranger } = await start()
    expect((await victim.clear(here)).status).toBe(200)
    await stranger.addTombstone({
      kind: 'session',
      id: 'sess_victim',
      clearedAt: Date.now() + 1_000,
      until: Date.now() + year,
    })
    await eventually(() => ignored(there).length > 0, 'the message')
    for (const node of [there, await deployment.add()]) {
      expect((await createRoamer().token(node, token)).body.code).toBe('token-superseded')
    }
  })

  it('cannot bring an old record back for longer than its token counts, and never over a sign-out', async () => {
    const { here, there, victim, stranger } = await start()
    const { record } = await stranger.read(victim.cookie!)
    await victim.clear(here)
    await stranger.rewrite(victim.cookie!, () => record).catch(() => {})
    await stranger.tellRecord({ ...record, rev: record.rev })
    for (const node of [here, there]) expect((await victim.session(node)).body.isSignedIn).toBe(false)
  })

  it('locks nobody out for good by what he has written in place of a record', async () => {
    const { here, there, victim, stranger } = await start()
    await stranger.rewrite(victim.cookie!, toForged)
    const renewed = here.mint({ sub: 'user_victim', sid: 'sess_victim' })
    expect((await victim.token(here, renewed)).body.userId).toBe('user_victim')
    await eventually(async () => (await victim.session(there)).body.userId === 'user_victim', 'the record')
  })

  it('is believed where the servers have no secret, as they warn, but for no longer than two days', async () => {
    const { here, there, mine, stranger } = await start({ secret: undefined })
    expect(here.lines.find(([, code]) => code === 'store.unsealed')).toMatchObject([
      'warn',
      'store.unsealed',
      { remedy: expect.stringContaining('secret') as string },
    ])
    await stranger.rewrite(mine.cookie!, toForged)
    expect((await mine.session(there)).body.isSignedIn).toBe(false)
    expect(ignored(there)).toEqual(['warn record expiry'])
  })

  describe('a secret', () => {
    const [old, next] = ['the secret of yesterday, 32 characters', 'the secret of tomorrow, 32 characters']

    it('can be replaced while sessions and sign-outs go on', async () => {
      const { deployment, here, victim, mine } = await start({ secret: old })
      const token = here.mint({ sub: 'user_mine', sid: 'sess_mine' })
      await mine.clear(here)
      const mixed = await deployment.add({ secret: [next, old] })
      expect((await victim.session(mixed)).body.userId).toBe('user_victim')
      expect((await createRoamer().token(mixed, token)).body.code).toBe('token-superseded')
      const newcomer = createRoamer()
      await newcomer.token(mixed, mixed.mint({ sub: 'user_new', sid: 'sess_new' }))
      const latest = await deployment.add({ secret: next })
      expect((await newcomer.session(latest)).body.userId).toBe('user_new')
      // A cookie keeps its first seal, so its browser has to prove itself once more.
      expect((await victim.session(latest)).body.isSignedIn).toBe(false)
      expect((await victim.token(latest, latest.mint({ sub: 'user_victim', sid: 'sess_victim' }))).status).toBe(200)
    })

    it('does not count if it is another one', async () => {
      const { deployment, victim } = await start({ secret: old })
      const other = await deployment.add({ secret: next })
      expect((await victim.session(other)).body.isSignedIn).toBe(false)
    })
  })

  describe('a server with other rules on the same Redis', () => {
    const issuer = 'https://clerk.example.test'

    it.each<[string, AuthServerOptions]>([
      ['authorized parties', { claims: { issuer, authorizedParties: ['https://other.example.com'] } }],
      ['an audience', { claims: { issuer, audience: 'other' } }],
      ['an issuer', { claims: { issuer: ['https://clerk.other.test', issuer] } }],
      ['a rule', { claims: { issuer, validate: ({ sub }) => sub !== 'user_victim' } }],
      ['an asynchronous rule', { claims: { issuer, validate: async ({ sub }) => sub !== 'user_victim' } }],
      ['a required claim', { claims: { issuer, requiredClaims: ['staff'] } }],
      ['a name', { instance: 'other' }],
    ])('does not know its sessions: %s', async (_, options) => {
      const { deployment, here, victim } = await start()
      const other = await deployment.add(options)
      expect((await victim.session(other)).body).toMatchObject({ isSignedIn: false, userId: null })
      expect((await victim.session(here)).body.userId).toBe('user_victim')
      expect(ignored(other)).toEqual([expect.stringMatching(/^info record (instance|claims)$/)])
    })

    it('does not know them either where it held them before it was told of a renewal', async () => {
      const { deployment, here, victim } = await start()
      const strict = await deployment.add({
        claims: { issuer, validate: async ({ org_role: role }) => role !== 'banned' },
      })
      const stream = await victim.open(strict)
      expect(await stream.view()).toMatchObject({ userId: 'user_victim' })
      const before = (await victim.session(strict)).body
      await victim.token(here, here.mint({ sub: 'user_victim', sid: 'sess_victim', org_role: 'banned' }))
      await eventually(() => ignored(strict).length > 0, 'the message')
      expect((await victim.session(strict)).body).toMatchObject({ expiresAt: before.expiresAt, orgRole: null })
      stream.close()
    })

    it('follows their sign-outs all the same if it has their secret', async () => {
      const { deployment, here, victim, token } = await start()
      const other = await deployment.add({ instance: 'other' })
      await victim.clear(here)
      const replay = async () => (await createRoamer().token(other, token)).body.code
      await eventually(async () => (await replay()) === 'token-superseded', 'the end')
      expect(ignored(other)).toEqual([])
    })
  })

  it('does not change which tombstones a node knows that starts later', async () => {
    const { deployment, here, victim, token, stranger } = await start()
    await stranger.addTombstone({
      kind: 'user',
      id: 'user_victim',
      revokedAt: Date.now() + year,
      until: Date.now() + year,
    })
    await victim.clear(here)
    const late = await deployment.add()
    expect((await createRoamer().token(late, token)).body.code).toBe('token-superseded')
    const anew = late.mint({ sub: 'user_victim', sid: 'sess_next' })
    expect((await createRoamer().token(late, anew)).body.userId).toBe('user_victim')
  })
})

describe('the options', () => {
  it.each<[string, object]>([
    ['secret', { secret: 'short' }],
    ['secret', { secret: [] }],
    ['secret', { secret: ['x'.repeat(32), ''] }],
    ['instance', { instance: '' }],
  ])('refuse a %s that cannot be used', async (name, options) => {
    await expect(startServer(options)).rejects.toThrow(new RegExp(`^createAuthServer: ${name} must be`))
  })
})
