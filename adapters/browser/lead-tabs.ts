import type { AuthView } from '../../machines/auth-view.ts'
import { toSyncFailure } from '../../machines/sync/sync-error.ts'
import type { OpenStreamInput, SyncEvent } from '../../machines/sync/sync-events.ts'
import { toSyncError } from './sync-response.ts'
import type { TabChannel } from './tab-channel.ts'
import type { Transport } from './transport.ts'

export interface LeadOptions {
  /** Reads a stream for this tab. */
  readonly readStream: Transport['readStream']
  /** Epoch ms. */
  readonly now: () => number
  /** Starts a timer of the machine's clock. */
  readonly setTimer: (run: () => void, delay: number) => unknown
  /** Returns the time of silence after which a stream may be dead, ms. */
  readonly toOverdueLimit: () => number
}

/** The number of times that `handover`, or the time that the server names, may pass until a new cookie arrives. */
const maxRotations = 5
/**
 * Time for which the lock is kept after the end of the stream, ms, so that every tab learns of the end before one leads.
 */
export const handover = 100

/** Reads the stream for all tabs. It rejects when the stream has ended, or when the part has. */
export async function leadTabs(
  { readStream, now, setTimer, toOverdueLimit }: LeadOptions,
  tabs: TabChannel,
  input: OpenStreamInput,
  send: (event: SyncEvent) => void,
  part: AbortSignal,
): Promise<never> {
  const { broadcast } = tabs
  let view: AuthView | null = null
  let lastSeenAt = now()
  /**
   * Time by which the server's clock is ahead of ours, ms. It is the largest one seen, because frames may be late and
   * are never early.
   */
  let ahead = -Infinity
  let rotations = 0
  let isRotated = false
  let isRestarted = false
  let round = new AbortController()

  tabs.listen(part, (message) => {
    if (message.type !== 'tab.joined') return
    broadcast({ type: 'tab.leads', to: message.tab })
    // The stream is dead, or belongs to a session that this browser has left, or may do so once it has a view.
    if (now() - lastSeenAt > toOverdueLimit() || (message.isMoved && view?.channel !== message.channel)) {
      isRestarted = true
      round.abort()
    } else if (view) {
      const event = { type: 'view.received' as const, view: { ...view, now: now() + ahead } }
      broadcast({ type: 'stream.event', event, to: message.tab })
    }
  })
  broadcast({ type: 'tab.leads' })

  const pass = (event: SyncEvent) => {
    lastSeenAt = now()
    if (event.type === 'ping.received') ahead = Math.max(ahead, event.now - now())
    if (event.type === 'view.received') {
      ;({ view } = event)
      tabs.channel = view.channel
      ahead = Math.max(ahead, view.now - now())
      rotations = 0
    }
    isRotated = event.type === 'stream.ended' && event.reason === 'rotated'
    // The session goes on under a new cookie, and so does the stream.
    if (isRotated) return
    send(event)
    // This tab gives the stream up if the view is too old, and no other tab may take such a view either.
    if (event.type !== 'view.received' || !round.signal.aborted) broadcast({ type: 'stream.event', event })
  }

  for (;;) {
    if (part.aborted) throw part.reason
    isRotated = isRestarted = false
    round = new AbortController()
    const end = () => round.abort()
    part.addEventListener('abort', end)
    try {
      lastSeenAt = now()
      // oxlint-disable-next-line no-await-in-loop -- one stream after the other
      await readStream({ ...input, channel: tabs.channel || input.channel }, pass, round.signal)
    } catch (error) {
      if (part.aborted) throw error
      const failure = toSyncFailure(toSyncError(error))
      // The new cookie is still on its way.
      const isEarly = failure.code === 'session-rotated' && rotations > 0 && rotations < maxRotations
      if (!isRotated && !isRestarted && !isEarly) {
        broadcast({ type: 'stream.event', event: { type: 'stream.failed', failure } })
        throw error
      }
      rotations += 1
      const pause = isRestarted ? 0 : (failure.retryAfter ?? handover)
      // oxlint-disable-next-line no-await-in-loop -- the new cookie may be on its way still
      await new Promise<void>((resolve) => setTimer(resolve, pause))
    } finally {
      part.removeEventListener('abort', end)
    }
  }
}
