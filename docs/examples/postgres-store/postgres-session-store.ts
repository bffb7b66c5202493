import type { SessionRecord } from 'authchart'
import {
  createGuards,
  createTombstones,
  isTombstone,
  type SessionStore,
  type StoreChange,
  type StoredSession,
  type Tombstone,
} from 'authchart/store'

/** The part of a Postgres client that the store needs. */
export interface Database {
  query(sql: string, parameters?: unknown[]): Promise<{ rows: unknown[] }>
  /** Subscribes to the `NOTIFY` messages of a channel. */
  listen(channel: string, onMessage: (payload: string) => void): Promise<unknown>
  /** Calls the listener each time the listening connection was lost and is back. Messages may be missing then. */
  onReconnect?(listener: () => void): void
}

export interface PostgresSessionStoreOptions {
  readonly database: Database
  /** The time in epoch ms. Default `Date.now`. */
  readonly clock?: () => number
}

const schema = [
  `CREATE TABLE IF NOT EXISTS auth_sessions (id text PRIMARY KEY, rev bigint, until bigint, record jsonb)`,
  `CREATE INDEX IF NOT EXISTS auth_sessions_user ON auth_sessions ((record->>'userId'))`,
  `CREATE TABLE IF NOT EXISTS auth_cookies (alias text PRIMARY KEY, id text, until bigint, rotation jsonb)`,
  `CREATE TABLE IF NOT EXISTS auth_tombstones (until bigint, tombstone jsonb)`,
]

/**
 * Every node gets every change on this channel. A message only names a record, because `NOTIFY` takes at most 8,000
 * bytes.
 */
const channel = 'authchart'
type Message = Exclude<StoreChange, { type: 'record' | 'back' }> | { type: 'record'; id: string }

/** Creates a session store in Postgres for any number of nodes. Resolves once it knows every tombstone. */
export async function createPostgresSessionStore(options: PostgresSessionStoreOptions): Promise<SessionStore> {
  const { database, clock = Date.now } = options
  const tombstones = createTombstones(clock)
  const guards = createGuards()
  const watchers = new Set<(change: StoreChange) => void>()
  let loading: Promise<void> = Promise.resolve()
  const notify = (message: Message) => database.query('SELECT pg_notify($1, $2)', [channel, JSON.stringify(message)])
  const tell = (change: StoreChange) => watchers.forEach((watcher) => watcher(change))

  async function hear(payload: string) {
    const message = JSON.parse(payload) as Message
    if (message.type === 'record') {
      const record = await readRecord(message.id)
      if (record) tell({ type: 'record', record })
    } else if (message.type === 'rotated') {
      tell(message)
    } else {
      take(message.tombstone)
    }
  }

  /** Accepts a tombstone only if a server has made it, because other processes can write to the tables too. */
  function take(tombstone: Tombstone) {
    if (!isTombstone(tombstone, clock()) || !guards.isGenuine(tombstone) || tombstones.covers(tombstone)) return
    tell({ type: 'tombstone', tombstone: tombstones.add(tombstone) })
  }

  async function readRecord(id: string): Promise<SessionRecord | null> {
    const sql = 'SELECT record FROM auth_sessions WHERE id = $1 AND until > $2'
    const { rows } = await database.query(sql, [id, clock()])
    return (rows[0] as { record: SessionRecord } | undefined)?.record ?? null
  }

  async function loadTombstones() {
    tombstones.clear()
    await database.query('DELETE FROM auth_tombstones WHERE until <= $1', [clock()])
    const { rows } = await database.query('SELECT tombstone FROM auth_tombstones')
    for (const { tombstone } of rows as { tombstone: Tombstone }[]) take(tombstone)
  }

  for (const sql of schema) await database.query(sql)
  // Listening begins before the tombstones are read, so that none is missed in between.
  await database.listen(channel, (payload) => void hear(payload))
  await loadTombstones()
  database.onReconnect?.(() => {
    loading = loadTombstones().then(() => tell({ type: 'back' }))
  })

  return {
    // A tombstone that was read without the guard may be merged with a false one, so all of them are read again.
    guardWith(guard) {
      guards.add(guard)
      loading = loadTombstones()
    },
    ready: () => loading,

    async read(alias) {
      const { rows } = await database.query(
        `SELECT record, auth_cookies.until IS NOT NULL AS retired, rotation FROM auth_cookies JOIN auth_sessions USING (id)
         WHERE alias = $1 AND auth_sessions.until > $2 AND (auth_cookies.until IS NULL OR auth_cookies.until > $2)`,
        [alias, clock()],
      )
      const row = rows[0] as (Pick<StoredSession, 'record' | 'retired'> & { rotation: object }) | undefined
      return row ? { record: row.record, retired: row.retired, ...row.rotation } : null
    },

    async write(record, { expectedRev, until }) {
      const { rows } = await database.query(
        expectedRev === null
          ? `INSERT INTO auth_sessions (id, rev, until, record) VALUES ($1, $2, $3, $4)
             ON CONFLICT (id) DO UPDATE SET rev = $2, until = $3, record = $4 WHERE auth_sessions.until <= $5 RETURNING id`
          : `UPDATE auth_sessions SET rev = $2, until = $3, record = $4
             WHERE id = $1 AND until > $5 AND rev = $6 RETURNING id`,
        [record.id, record.rev, until, JSON.stringify(record), clock(), ...(expectedRev === null ? [] : [expectedRev])],
      )
      if (rows.length === 0) return { written: false, current: await readRecord(record.id) }
      await notify({ type: 'record', id: record.id })
      return { written: true }
    },

    async rotate(id, { from, to, userId, seal, retireFor }) {
      const put = `INSERT INTO auth_cookies (alias, id, until, rotation) VALUES ($1, $2, $3, $4) ON CONFLICT (alias) `
      // A retired cookie is never restored.
      await database.query(`${put} DO NOTHING`, [to, id, null, JSON.stringify({ userId, seal })])
      if (from !== null)
        await database.query(`${put} DO UPDATE SET until = $3, rotation = $4`, [from, id, clock() + retireFor, {}])
      await notify({ type: 'rotated', id, from, to, userId, seal })
    },

    async remove(id, expectedRev) {
      const sql = 'DELETE FROM auth_sessions WHERE id = $1 AND rev = $2 RETURNING id'
      const { rows } = await database.query(sql, [id, expectedRev])
      if (rows.length > 0) await database.query('DELETE FROM auth_cookies WHERE id = $1', [id])
    },

    async list(userId) {
      const sql = `SELECT record FROM auth_sessions WHERE record->>'userId' = $1 AND until > $2`
      const { rows } = await database.query(sql, [userId, clock()])
      return (rows as { record: SessionRecord }[]).map(({ record }) => record)
    },

    async addTombstone(tombstone) {
      const merged = tombstones.add(tombstone)
      tell({ type: 'tombstone', tombstone: merged })
      await database.query('INSERT INTO auth_tombstones (until, tombstone) VALUES ($1, $2)', [
        merged.until,
        JSON.stringify(merged),
      ])
      await notify({ type: 'tombstone', tombstone: merged })
    },

    findTombstone: tombstones.find,

    watch(listener) {
      watchers.add(listener)
      return () => watchers.delete(listener)
    },

    async close() {
      watchers.clear()
    },
  }
}
