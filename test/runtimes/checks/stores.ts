import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRedis } from '../../store/redis-server.ts'
import { requireProblem, signIn, type Check } from './check.ts'

/** Two servers share their sessions in Redis: who signs in on one is signed in on the other, and out on both. */
export const redis: Check = async ({ start }) => {
  const { url: redisUrl, stop } = await startRedis()
  try {
    const [one, two] = await Promise.all([start({ redisUrl }), start({ redisUrl })])
    const { browser, stream } = await signIn(one, '/redis')
    const elsewhere = two.browser('/redis')
    elsewhere.cookie = browser.cookie
    const other = await elsewhere.open('tab2')
    assert.equal((await other.viewWhere(({ isSignedIn }) => isSignedIn)).userId, 'user_ada')
    await browser.clear()
    for (const each of [stream, other]) await each.viewWhere(({ state }) => state === 'signedOut')
  } finally {
    await stop()
  }
}

/** A sign-out that is kept in a file counts after the process was killed and started again. */
export const sqlite: Check = async ({ start }) => {
  const folder = mkdtempSync(join(tmpdir(), 'authchart-sqlite-'))
  try {
    const stores = { sqlitePath: join(folder, 'sessions.db') }
    const before = await start(stores)
    const { browser, mint } = await signIn(before, '/sqlite')
    const earlier = mint()
    await browser.clear()
    await before.stop()
    const after = await start(stores)
    requireProblem(await after.browser('/sqlite').token(earlier), 401, 'token-superseded')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
