import type { Logger } from '../logger.ts'
import { isReply, toRefusal } from './redis-refusal.ts'

/** Logs an outage in few lines: one for each kind of trouble in it, and one when it has ended. */
export interface OutageLog {
  note(error: Error): void
  /** Announces that the connection is about to be ended on purpose, so that its loss is not logged. */
  expectLoss(): void
  end(): void
}

const connection = 'connection'
/** A Redis that refuses again within this time of its recovery, ms, is still in the same outage. */
const stableAfter = 10_000

export function createOutageLog(logger: Logger): OutageLog {
  const noted = new Set<string>()
  let endedAt: number | null = null
  /** True if the next end is worth a line. The first one is, because it ends the start. */
  let isNews = true

  return {
    note(error) {
      if (endedAt !== null && performance.now() - endedAt > stableAfter) noted.clear()
      endedAt = null
      const refusal = toRefusal(error)
      const kind = refusal?.kind ?? (isReply(error) ? 'unexpected' : connection)
      if (noted.has(kind)) return
      noted.add(kind)
      isNews = true
      if (kind === connection) logger.warn('redis.lost', { error })
      else logger.warn('redis.refused', { kind, ...(refusal && { remedy: refusal.remedy }), error })
    },
    expectLoss() {
      noted.add(connection)
    },
    end() {
      endedAt = performance.now()
      noted.delete(connection)
      if (isNews) logger.info('redis.current')
      isNews = false
    },
  }
}
