import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createStoreGuard } from '../../adapters/hub/store/store-guard.ts'
import { createPostgresSessionStore } from '../../docs/examples/postgres-store/postgres-session-store.ts'
import { startServer } from '../h3/harness.ts'
import { testSessionStore } from '../kit/session-store-tests.ts'

const secret = 'a secret of two servers on one Postgres'

describe('the example of a store in Postgres', () => {
  let database: PGlite
  let clock: () => number

  beforeAll(async () => {
    database = await PGlite.create()
  })
  afterAll(() => database.close())
  beforeEach(async () => {
    clock = Date.now
    await database.exec('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
  })

  const open = () => createPostgresSessionStore({ database, clock })
  const tests = testSessionStore({
    createStore(time) {
      clock = time
      return open()
    },
    createPeer: open,
    // The database answers in order. Earlier messages arrive before the first answer, and the records that they name
    // are read before the second.
    async arrive() {
      await database.query('SELECT 1')
      await database.query('SELECT 1')
    },
  })
  for (const { title, run } of tests) it(title, () => run())

  it('carries sessions from one server to another, and their sign-out back', async () => {
    const [first, second] = [await open(), await open()]
    onTestFinished(async () => void (await Promise.all([first.close(), second.close()])))
    const a = await startServer({ store: first, secret })
    const b = await startServer({ store: second, secret })
    const browser = a.browser()
    const token = a.mint()
    await browser.token(token)
    const there = await b.send('/auth/session', { headers: { cookie: browser.cookie ?? '' } })
    expect(there.body).toMatchObject({ isSignedIn: true, userId: 'user_a' })
    await browser.clear()
    await expect.poll(async () => (await b.browser().token(token)).body.code).toBe('token-superseded')
  })

  it('ignores a tombstone that no server has sealed', async () => {
    const store = await open()
    onTestFinished(() => store.close())
    let ignored = 0
    const guard = createStoreGuard([secret], () => (ignored += 1))
    const until = Date.now() + 60_000
    await store.addTombstone({ kind: 'session', id: 'sess_a', clearedAt: Date.now(), until })
    const next = await open()
    next.guardWith!(guard)
    await next.ready!('loaded')
    expect(next.findTombstone({ userId: 'user_a', sessionId: 'sess_a', issuedAt: 0 })).toBeNull()
    expect(ignored).toBeGreaterThan(0)
  })
})
