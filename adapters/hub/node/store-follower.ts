import type { Logger } from '../../logger.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { SessionStore, StoreChange } from '../store/session-store.ts'
import type { AwaitedRotations } from './awaited-rotations.ts'
import type { Revocations } from './revocations.ts'
import type { SessionLifecycle } from './session-lifecycle.ts'
import { createTombstoneFollower } from './tombstone-follower.ts'

export interface StoreFollowerOptions {
  readonly lifecycle: SessionLifecycle
  readonly store: SessionStore
  readonly revocations: Revocations
  readonly awaited: AwaitedRotations
  /** Epoch ms. */
  readonly clock: () => number
  readonly logger: Logger
}

/** How many sessions are compared with the store at a time. */
const batchSize = 32

/** Keeps the sessions of this node in step with the store. @returns a function that stops it */
export function followStore(options: StoreFollowerOptions): () => void {
  const { lifecycle, store, revocations, awaited, clock, logger } = options
  const { registry, cookies, records, rotation } = lifecycle
  const followTombstone = createTombstoneFollower({ lifecycle, store, revocations, clock, logger })

  function followRotation({ id, from, to, userId }: Extract<StoreChange, { type: 'rotated' }>) {
    // A request that waits for a rotation of this node itself is told by its session.
    if (from !== null && !cookies.find(to)) awaited.tell(from, to)
    const session = registry.get(id)
    if (!session) return
    // The later of two rotations may be reported first. The earlier one must not bring back a cookie that the later one
    // retired.
    const isNew = cookies.current(session)?.alias !== to && !cookies.find(to)?.retired
    if (from !== null && isNew && !cookies.find(from)) cookies.bind(session, from)
    if (isNew) cookies.bind(session, to, userId)
    // A cookie may arrive before the report of its rotation. A cookie that this node has rotated itself is retired
    // already.
    if (from !== null && (isNew || cookies.find(from)?.retired === false)) leave(session, from)
  }

  /**
   * Stores what could not be stored during an outage, and reads every session of this node from the store again, a few
   * at a time, because other nodes may have changed it or the store may have lost it.
   */
  async function makeUp() {
    revocations.retry()
    const sessions = [...registry]
    try {
      for (let start = 0; start < sessions.length; start += batchSize) {
        await Promise.all(sessions.slice(start, start + batchSize).map(compare))
      }
    } catch (error) {
      // The store is out of reach again, and reports when it is back.
      logger.warn('store.failed', { method: 'read', error })
    }
  }

  async function compare(session: LiveSession) {
    await Promise.all(cookies.others(session).map((alias) => compareOther(session, alias)))
    const alias = cookies.current(session)?.alias
    if (alias === undefined || !registry.has(session)) return
    const stored = await store.read(alias)
    if (stored) records.follow(stored.record)
    const isLost = !stored && (await records.restore(session))
    if (stored?.retired || (!stored && !isLost && !rotation.isOwed(session))) return leave(session, alias)
    if (!stored && session.view().isSignedIn) await rotation.storeCookie(session)
    return undefined
  }

  async function compareOther(session: LiveSession, alias: string) {
    const stored = await store.read(alias)
    if (stored?.retired !== false) leave(session, alias)
  }

  /**
   * Retires a cookie that was rotated elsewhere: nothing more is read through it, and the streams of the session end.
   */
  function leave(session: LiveSession, alias: string) {
    cookies.retire(alias)
    session.streams.end('rotated')
  }

  const isWanted = (name: string) => registry.get(name) !== undefined || awaited.has(name)
  return store.watch((change) => {
    try {
      if (change.type === 'record') records.follow(change.record)
      else if (change.type === 'tombstone') followTombstone(change.tombstone)
      else if (change.type === 'back') void makeUp()
      else followRotation(change)
    } catch (error) {
      logger.error('store.watch.failed', { type: change.type, error })
    }
  }, isWanted)
}
