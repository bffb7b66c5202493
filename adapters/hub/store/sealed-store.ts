import { toAuthError } from '../../../machines/auth-error.ts'
import type { SessionRecord } from '../../../machines/session-record.ts'
import type { Logger } from '../../logger.ts'
import { createIgnoredLog } from './ignored-log.ts'
import { createSealedRecords, type SealedRecordsOptions } from './sealed-records.ts'
import { createSeals } from './seals.ts'
import type { RotateOptions, SessionStore, StoreChange, WriteResult } from './session-store.ts'
import { createStoreGuard } from './store-guard.ts'

export interface SealedStoreOptions extends Pick<SealedRecordsOptions, 'instance' | 'judge' | 'clock'> {
  readonly store: SessionStore
  /** The secrets that the seals are made with; null if there are none. A private store needs none. */
  readonly secrets: readonly string[] | null
  readonly logger: Logger
}

/** How often a write replaces a record that does not count: somebody else may put another one there meanwhile. */
const maxReplacements = 3
/** The first part of a rotation's seal covers the whole rotation, and the second part covers the new cookie alone. */
const cookieSealStart = 22

/**
 * Creates a store whose content counts only if a server of this instance, with this secret, has written it, and if the
 * rules of this server accept it. Everything else is treated as absent, and is logged.
 */
export function createSealedStore(options: SealedStoreOptions): SessionStore {
  const { store, instance, judge, clock, logger } = options
  const secrets = store.isPrivate ? null : options.secrets
  const seals = secrets && createSeals(secrets, `sessions of ${instance}`)
  const logIgnored = createIgnoredLog(logger)
  const guard = secrets && createStoreGuard(secrets, () => logIgnored('tombstone', 'seal'))
  if (guard) store.guardWith?.(guard)
  const records = createSealedRecords({
    seals,
    isPrivate: store.isPrivate === true,
    instance,
    judge,
    onIgnored: (reason) => logIgnored('record', reason),
    clock,
  })

  const toRotationSeal = (id: string, { from, to, userId }: Omit<RotateOptions, 'retireFor'>) =>
    seals ? seals.make('rotation', { id, from, to, userId }) + seals.make('cookie', { id, to, userId }) : undefined

  async function write(record: SessionRecord, settings: Parameters<SessionStore['write']>[1]): Promise<WriteResult> {
    const sealed = records.seal(record)
    let { expectedRev } = settings
    for (let left = maxReplacements; ; left -= 1) {
      const result = await store.write(sealed, { ...settings, expectedRev })
      if (result.written || !result.current) return result
      const { current: stored, currentRev = stored.rev } = result
      const current = await records.open(stored)
      if (current || left === 0 || !(currentRev === null || Number.isSafeInteger(currentRev))) {
        return { written: false, current }
      }
      // The record in the way does not count, so the next round replaces it.
      expectedRev = currentRev
    }
  }

  /** Passes a change on to the listener if it counts. */
  function filter(change: StoreChange, listener: (change: StoreChange) => void, isWanted: (name: string) => boolean) {
    if (change.type === 'record') return isWanted(change.record.id) ? hearRecord(change.record, listener) : undefined
    if (change.type === 'rotated') {
      const { id, from } = change
      return isWanted(id) || (from !== null && isWanted(from)) ? hearRotation(change, listener) : undefined
    }
    // A store that has the guard passes genuine tombstones only, so only other stores are checked here.
    const isFalse = change.type === 'tombstone' && guard && !store.guardWith && !guard.isGenuine(change.tombstone)
    return isFalse ? guard.noteFalse() : listener(change)
  }

  function hearRecord(stored: SessionRecord, listener: (change: StoreChange) => void) {
    const tell = (record: SessionRecord | null) => record && listener({ type: 'record', record })
    try {
      const opened = records.open(stored)
      if (!(opened instanceof Promise)) return tell(opened)
      return void opened.then(tell).catch(logUndecided)
    } catch (error) {
      return logUndecided(error)
    }
  }

  /** A record that cannot be judged now is left out, because a list must not fail for one of its entries. */
  async function openListed(stored: SessionRecord): Promise<SessionRecord | null> {
    try {
      return await records.open(stored)
    } catch (error) {
      logUndecided(error)
      return null
    }
  }

  const logUndecided = (error: unknown) => logger.debug('store.record.undecided', { code: toAuthError(error).code })

  function hearRotation(
    { id, from, to, userId, seal: found }: Extract<StoreChange, { type: 'rotated' }>,
    listener: (change: StoreChange) => void,
  ) {
    const isGenuine = !seals || seals.verify('rotation', { id, from, to, userId }, found?.slice(0, cookieSealStart))
    return isGenuine ? listener({ type: 'rotated', id, from, to, userId }) : logIgnored('rotation', 'seal')
  }

  return {
    async read(alias) {
      const stored = await store.read(alias)
      if (!stored) return null
      const { retired, userId, isUnreadable } = stored
      if (isUnreadable) {
        logIgnored('cookie', 'shape')
        return null
      }
      const record = await records.open(stored.record)
      if (!record) return null
      // A retired cookie needs no seal, because nothing is read through it.
      const link = { id: record.id, to: alias, userId }
      if (seals && !retired && !seals.verify('cookie', link, stored.seal?.slice(cookieSealStart))) {
        logIgnored('cookie', 'seal')
        return null
      }
      return { record, retired, userId }
    },
    write,
    rotate: (id, rotation) => store.rotate(id, { ...rotation, seal: toRotationSeal(id, rotation) }),
    remove: (id, expectedRev) => store.remove(id, expectedRev),
    ...(store.list && {
      async list(userId) {
        const opened = await Promise.all((await store.list!(userId)).map(openListed))
        return opened.filter((record) => record !== null && record.userId === userId) as SessionRecord[]
      },
    }),
    addTombstone: (tombstone) => store.addTombstone(guard ? guard.seal(tombstone) : tombstone),
    findTombstone: (session) => store.findTombstone(session),
    watch: (listener, isWanted = () => true) => store.watch((change) => filter(change, listener, isWanted), isWanted),
    ...(store.ready && { ready: (needs) => store.ready!(needs) }),
    close: () => store.close(),
  }
}
