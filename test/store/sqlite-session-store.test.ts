import { execFile } from 'node:child_process'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { SessionStore } from '../../adapters/hub/store/session-store.ts'
import { createStoreGuard } from '../../adapters/hub/store/store-guard.ts'
import { createGuards } from '../../adapters/hub/store/store-guards.ts'
import { createSqliteSessionStore } from '../../adapters/sqlite/index.ts'
import { openDatabase } from '../../adapters/sqlite/open-database.ts'
import { startServer } from '../h3/harness.ts'
import { createTestRecord, testSessionStore } from '../kit/session-store-tests.ts'
import { findSqliteNode, hasSqlite } from './sqlite-node.ts'

const secret = 'a secret of a server with a file'
const node = findSqliteNode()

describe('the options', () => {
  it.each<[string, unknown]>([
    ['path', {}],
    ['path', { path: '' }],
    ['path', { path: ':memory:' }],
    ['path', { path: 'file:sessions.db?mode=memory' }],
    ['clock', { path: 'sessions.db', clock: 5 }],
    ['prefix', { path: 'sessions.db', prefix: 'mine' }],
    ['options', null],
  ])('refuse a %s that cannot be used: %j', (name, options) => {
    expect(() => createSqliteSessionStore(options as never)).toThrow(
      new RegExp(`^createSqliteSessionStore: ${name} (must be|is not an option)`),
    )
  })
})

// Where this Node cannot run these tests, the last test of this file runs them in another Node.
describe.each(hasSqlite() ? ['on a file'] : [])('%s', () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'authchart-sqlite-'))
    path = join(folder, 'sessions.db')
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const tests = testSessionStore({ createStore: (clock) => createSqliteSessionStore({ path, clock }) })
  for (const { title, run } of tests) it(title, () => run())

  /** Starts a server on the file. It ends like a killed process, without a goodbye. */
  async function start() {
    const store = createSqliteSessionStore({ path })
    const server = await startServer({ store, secret })
    return { server, stop: () => store.close() }
  }

  it('keeps sessions over a restart', async () => {
    const first = await start()
    const browser = first.server.browser()
    await browser.token(first.server.mint())
    await first.stop()
    const { server, stop } = await start()
    const { body } = await server.send('/auth/session', { headers: { cookie: browser.cookie ?? '' } })
    expect(body).toMatchObject({ isSignedIn: true, userId: 'user_a' })
    await stop()
  })

  it('keeps sign-outs over a restart, so that no token from before signs in again', async () => {
    const first = await start()
    const browser = first.server.browser()
    const token = first.server.mint()
    await browser.token(token)
    await browser.clear()
    await first.stop()
    const { server, stop } = await start()
    expect((await server.browser().token(token)).body.code).toBe('token-superseded')
    await stop()
  })

  it('remembers over a restart that a session had lasted as long as it may', async () => {
    const store = createSqliteSessionStore({ path })
    const until = Date.now() + 60_000
    await store.addTombstone({ kind: 'session', id: 'sess_a', revokedAt: 1, reason: 'lifetime', until })
    await store.addTombstone({ kind: 'session', id: 'sess_b', revokedAt: 1, until })
    await store.close()
    const next = createSqliteSessionStore({ path })
    const find = (sessionId: string) => next.findTombstone({ userId: 'user_a', sessionId, issuedAt: 1 })
    expect([find('sess_a'), find('sess_b')]).toEqual(['session-expired', 'session-revoked'])
    await next.close()
  })

  it('ignores everything that somebody else has written into the file', async () => {
    const first = await start()
    const [browser, other] = [first.server.browser(), first.server.browser()]
    await browser.token(first.server.mint())
    await other.token(first.server.mint({ sub: 'user_b', sid: 'sess_b' }))
    await first.stop()
    const database = openDatabase(path)
    database.exec("UPDATE sessions SET record = replace(record, 'user_a', 'user_x')")
    const until = Date.now() + 60_000
    database.exec(
      `INSERT INTO ends (kind, id, until, cleared_at, revoked_at, seals) VALUES ('user', 'user_b', ${until}, NULL, 1e15, NULL)`,
    )
    database.exec(
      `INSERT INTO ends (kind, id, until, cleared_at, revoked_at, seals) VALUES ('session', 'sess_b', ${until}, NULL, 1e15, '{')`,
    )
    // These are none at all.
    database.exec(
      "INSERT INTO ends (kind, id, until, cleared_at, revoked_at, seals) VALUES ('user', 'user_c', 1e300, NULL, 1e15, NULL)",
    )
    database.exec(
      `INSERT INTO ends (kind, id, until, cleared_at, revoked_at, seals) VALUES ('user', 'user_d', ${until}, NULL, NULL, NULL)`,
    )
    database.close()
    const { server, stop } = await start()
    const read = async (cookie = '') => (await server.send('/auth/session', { headers: { cookie } })).body.userId
    expect([await read(browser.cookie), await read(other.cookie)]).toEqual([null, 'user_b'])
    const ignored = server.lines.filter(([, code]) => code === 'store.ignored').map(([, , details]) => details)
    expect(ignored).toMatchObject([
      { kind: 'tombstone', reason: 'seal' },
      { kind: 'tombstone', reason: 'seal' },
      { kind: 'record', reason: 'seal' },
    ])
    await stop()
  })

  it.each([
    ['a record that is no JSON', 'record', "UPDATE sessions SET record = 'nonsense'"],
    ['a record of null', 'record', "UPDATE sessions SET record = 'null'"],
    ['a record with another rev than its row', 'record', 'UPDATE sessions SET rev = 9000'],
    ['a record whose row has no number for a rev', 'record', "UPDATE sessions SET rev = 'high'"],
    ['a cookie whose owner is no JSON', 'cookie', "UPDATE cookies SET owner = '{'"],
    ['a cookie that is retired until no moment', 'cookie', "UPDATE cookies SET until = 'later'"],
    ['a cookie that is retired for ever', 'cookie', 'UPDATE cookies SET until = 1e300'],
  ])('keeps nobody out by %s', async (_, kind, statement) => {
    const first = await start()
    const browser = first.server.browser()
    await browser.token(first.server.mint())
    await first.stop()
    const database = openDatabase(path)
    database.exec(statement)
    database.close()
    const { server, stop } = await start()
    const read = async (cookie = '') => (await server.send('/auth/session', { headers: { cookie } })).body.userId
    expect([await read(browser.cookie), await read(browser.cookie)]).toEqual([null, null])
    const ignored = server.lines
      .filter(([, code]) => code === 'store.ignored')
      .map(([level, , details]) => [level, Object(details).kind])
    expect(ignored).toEqual([
      ['warn', kind],
      ['debug', kind],
    ])
    const again = server.browser()
    await again.token(server.mint())
    expect(await read(again.cookie)).toBe('user_a')
    await stop()
  })

  it('replaces an entry that is not a record', async () => {
    const store = createSqliteSessionStore({ path })
    const record = createTestRecord({ rev: 1_024 })
    await store.write(record, { expectedRev: null, until: Date.now() + 60_000 })
    await store.close()
    const database = openDatabase(path)
    database.exec('UPDATE sessions SET rev = 9000')
    database.close()
    const next = createSqliteSessionStore({ path })
    const options = { until: Date.now() + 60_000 }
    const result = await next.write({ ...record, rev: 2_048 }, { ...options, expectedRev: 1_024 })
    expect(result).toMatchObject({ written: false, currentRev: null })
    expect(await next.write({ ...record, rev: 2_048 }, { ...options, expectedRev: null })).toEqual({ written: true })
    await next.close()
  })

  it('takes over a file of the version before, and lists its sessions once they are renewed', async () => {
    const database = openDatabase(path)
    database.exec(`
      CREATE TABLE sessions (id TEXT PRIMARY KEY, rev INTEGER NOT NULL, until REAL NOT NULL, record TEXT NOT NULL);
      CREATE TABLE cookies (
        alias TEXT PRIMARY KEY, id TEXT NOT NULL, since REAL NOT NULL, until REAL, owner TEXT, seal TEXT
      ) WITHOUT ROWID;
      CREATE TABLE ends (
        kind TEXT NOT NULL, id TEXT NOT NULL, until REAL NOT NULL, cleared_at REAL, revoked_at REAL, seals TEXT,
        PRIMARY KEY (kind, id)
      ) WITHOUT ROWID;
      PRAGMA user_version = 1;
    `)
    const record = createTestRecord()
    const until = Date.now() + 60_000
    database.exec(`INSERT INTO sessions VALUES ('session-1', 1, ${until}, '${JSON.stringify(record)}')`)
    database.exec(`INSERT INTO cookies VALUES ('alias-1', 'session-1', ${until}, NULL, NULL, NULL)`)
    database.exec(`INSERT INTO ends VALUES ('session', 'sess_b', ${until}, NULL, 1, NULL)`)
    database.close()
    for (const rev of [2, 3]) {
      const store = createSqliteSessionStore({ path })
      expect((await store.read('alias-1'))?.record.rev).toBe(rev - 1)
      expect(store.findTombstone({ userId: 'user_b', sessionId: 'sess_b', issuedAt: 1 })).toBe('session-revoked')
      await store.write({ ...record, rev }, { expectedRev: rev - 1, until })
      expect(await store.list?.('user_a')).toMatchObject([{ rev }])
      await store.close()
    }
  })

  it('is readable only by its owner', async () => {
    const store = createSqliteSessionStore({ path })
    onTestFinished(() => store.close())
    await store.write(createTestRecord(), { expectedRev: null, until: Date.now() + 60_000 })
    for (const name of [path, `${path}-wal`]) expect((await stat(name)).mode & 0o777).toBe(0o600)
  })

  it('forgets ended sessions, and keeps a cookie whose record is on its way', async () => {
    let now = Date.now()
    const store = createSqliteSessionStore({ path, clock: () => now })
    const fill = async (id: string) => {
      await store.rotate(id, { from: `${id}-0`, to: `${id}-1`, retireFor: 10_000 })
      await store.write(createTestRecord({ id }), { expectedRev: null, until: now + 60_000 })
      await store.addTombstone({ kind: 'session', id, clearedAt: now, until: now + 60_000 })
    }
    await fill('early')
    now += 120_000
    await store.rotate('late', { from: null, to: 'late-1', retireFor: 10_000 })
    await fill('other')
    await store.close()
    const database = openDatabase(path)
    const list = (sql: string) =>
      database
        .prepare(sql)
        .all()
        .map((row) => Object.values(row as object)[0])
    expect(list('SELECT id FROM sessions')).toEqual(['other'])
    expect(list('SELECT alias FROM cookies ORDER BY alias')).toEqual(['late-1', 'other-0', 'other-1'])
    expect(list('SELECT id FROM ends')).toEqual(['other'])
    database.close()
  })

  it('says so if this or another process has the file, or if it is a file of another kind', async () => {
    const store = createSqliteSessionStore({ path })
    // On POSIX, a process that opens and closes a file by itself gives up all its locks on that file.
    expect(() => openDatabase(path)).toThrow('open')
    const script = `import('${fileURLToPath(new URL('../../dist/adapters/sqlite/index.js', import.meta.url))}').then((m) => m.createSqliteSessionStore({ path: process.argv[1] }))`
    const failure: unknown = await promisify(execFile)(process.execPath, ['-e', script, path]).catch(
      (error: unknown) => error,
    )
    expect(String(failure)).toContain(`createSqliteSessionStore: another process has ${path} open`)
    await store.close()
    const mine = join(folder, 'mine.db')
    const database = openDatabase(mine)
    database.exec('CREATE TABLE mine (id TEXT)')
    database.close()
    expect(() => createSqliteSessionStore({ path: mine })).toThrow('not one of this version')
    const text = join(folder, 'text.db')
    await writeFile(text, 'no database, but a text that is long enough to be read as the header of one. '.repeat(20))
    expect(() => createSqliteSessionStore({ path: text })).toThrow(/not a database/)
    expect(() => createSqliteSessionStore({ path: join(folder, 'none', 'x.db') })).toThrow(/ENOENT/)
  })

  it('rejects instead of throwing once it is closed', async () => {
    const store: SessionStore = createSqliteSessionStore({ path })
    expect(store.findTombstone({ userId: 'user_a', sessionId: 'sess_a', issuedAt: 1 })).toBeNull()
    await store.close()
    await expect(store.read('alias')).rejects.toThrow(/not open|finalized|closed/)
    const late = store.addTombstone({ kind: 'user', id: 'user_a', revokedAt: 1, until: Date.now() + 1_000 })
    await expect(late).rejects.toThrow(/not open|finalized|closed/)
    // The node itself knows the tombstone all the same.
    expect(store.findTombstone({ userId: 'user_a', sessionId: 'sess_a', issuedAt: 1 })).toBe('session-revoked')
  })

  it('accepts an entry that is genuine to one of the servers that use it', () => {
    const guards = createGuards()
    const [one, two] = ['one', 'two'].map((name) => createStoreGuard([name.repeat(20)], () => {}))
    guards.add(one!)
    const tombstone = two!.seal({ kind: 'session', id: 'sess_a', clearedAt: 1, until: 2 })
    expect(guards.isGenuine(tombstone)).toBe(false)
    guards.add(two!)
    expect(guards.isGenuine(tombstone)).toBe(true)
  })
})

describe.each(!hasSqlite() && node !== null ? [node] : [])('when this Node has no SQLite, and %s has', (node) => {
  it('passes the tests of the store there', { timeout: 120_000 }, async () => {
    const root = fileURLToPath(new URL('../..', import.meta.url))
    const args = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/store/sqlite.config.ts']
    const { stdout } = await promisify(execFile)(node, [...args, '--maxWorkers=1', '--reporter=verbose'], {
      cwd: root,
      maxBuffer: 2 ** 26,
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
    })
    expect(stdout).toContain('reads back what was written, by its alias')
    expect(stdout).toMatch(/Tests {2}\d+ passed/)
  })

  it('gives advice', () => {
    const path = join(tmpdir(), `authchart-none-${process.pid}.db`)
    expect(() => createSqliteSessionStore({ path })).toThrow(/Use Node 22\.13 or later, or install better-sqlite3/)
  })
})
