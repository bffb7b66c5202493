import type { OpenStreamInput, SyncEvent } from '../../machines/sync/sync-events.ts'
import { followLeader, type FollowOptions } from './follow-leader.ts'
import { handover, leadTabs, type LeadOptions } from './lead-tabs.ts'
import { endWhenPageRests } from './page-rest.ts'
import type { StreamReader } from './stream-reader.ts'
import { createTabChannel } from './tab-channel.ts'

type Send = (event: SyncEvent) => void

export interface SharedStreamOptions extends FollowOptions, LeadOptions {
  /** Called when another tab receives a view while this one waits to reconnect. */
  readonly onFound: () => void
}

/** Time in which tabs that waited for the server come back after the first one, ms. */
const comeBackWithin = 1_000

/**
 * Lets the tabs of one browser share one stream. The tab that holds a lock (Web Locks API) leads: it reads the stream
 * and passes its events on (BroadcastChannel). The next tab gets the lock as soon as the leader closes, crashes, or is
 * discarded. A leader that the browser is about to freeze, or to put into the back/forward cache, releases it.
 */
export function createSharedStream(options: SharedStreamOptions): StreamReader {
  const { name, setTimer, onFound } = options
  const tabs = createTabChannel(name, () => setTimer(onFound, Math.random() * comeBackWithin))

  /** Follows, and then leads. It rejects when the stream has ended, or when the part has. */
  async function takePart(input: OpenStreamInput, send: Send, part: AbortController): Promise<never> {
    const release = await followLeader(options, tabs, input, send, part)
    let hasEnded = false
    const pass = (event: SyncEvent) => {
      hasEnded ||= event.type === 'stream.ended'
      send(event)
    }
    if (release) send({ type: 'stream.shared', isLeader: true })
    try {
      return await leadTabs(options, tabs, input, pass, part.signal)
    } finally {
      if (release && (hasEnded || !part.signal.aborted)) setTimer(release, handover)
      else release?.()
    }
  }

  async function readStream(input: OpenStreamInput, send: Send, signal: AbortSignal): Promise<never> {
    for (;;) {
      const part = new AbortController()
      const rest = endWhenPageRests(part, signal)
      const end = () => part.abort()
      signal.addEventListener('abort', end)
      try {
        // oxlint-disable-next-line no-await-in-loop -- one part after the other
        return await takePart(input, send, part)
      } catch (error) {
        if (!part.signal.aborted || signal.aborted) throw error
      } finally {
        signal.removeEventListener('abort', end)
        end()
      }
      // A page at rest does not listen to the other tabs either.
      tabs.close()
      // oxlint-disable-next-line no-await-in-loop -- a page at rest takes no part
      await rest
      if (signal.aborted) throw signal.reason
    }
  }

  return { readStream, close: tabs.close }
}
