import type { AuthView } from '../../machines/auth-view.ts'
import type { OpenStreamInput, SyncEvent } from '../../machines/sync/sync-events.ts'
import { toSyncFailure } from '../../machines/sync/sync-error.ts'
import { toSyncError } from './sync-response.ts'
import type { StreamReader } from './stream-reader.ts'
import type { Transport } from './transport.ts'

type ReadStream = Transport['readStream']
type Send = (event: SyncEvent) => void

export interface SharedStreamOptions {
  /** Name of the stream. Tabs with the same name share it. */
  readonly name: string
  /** Reads a stream for this tab. */
  readonly readStream: ReadStream
  /** Epoch ms. */
  readonly now: () => number
  /** Starts a timer of the machine's clock. */
  readonly setTimer: (run: () => void, delay: number) => unknown
  /** Returns the time of silence after which a stream may be dead, ms. */
  readonly toOverdueLimit: () => number
  /** Called when another tab receives a view while this one waits to reconnect. */
  readonly onFound: () => void
}

/** A message of one tab to the others. It contains no token; views and failures are for every page to see. */
type TabMessage =
  /**
   * The tab looks for a stream. `isMoved` means that its server session, with this channel, differs from that of the
   * stream before.
   */
  | { readonly type: 'tab.joined'; readonly tab: string; readonly channel: string; readonly isMoved: boolean }
  /** The tab leads. The message is for all tabs, or for the tab `to`, which has just joined. */
  | { readonly type: 'tab.leads'; readonly to?: string }
  | { readonly type: 'stream.event'; readonly event: SyncEvent; readonly to?: string }

/**
 * A leader that twice gives a newcomer no answer for this time, ms, hangs, and the newcomer takes the stream. If the
 * newcomer does not get the lock within the same time again, locks do not work here.
 */
const answerTime = 700
/** The number of times that `handover`, or the time that the server names, may pass until a new cookie arrives. */
const maxRotations = 5
/** Time in which tabs that waited for the server come back after the first one, ms. */
const comeBackWithin = 1_000
/**
 * Time for which the lock is kept after the end of the stream, ms, so that every tab learns of the end before one leads.
 */
const handover = 100

/**
 * Lets the tabs of one browser share one stream. The tab that holds a lock (Web Locks API) leads: it reads the stream
 * and passes its events on (BroadcastChannel). The next tab gets the lock as soon as the leader closes, crashes, or is
 * discarded. A leader that the browser is about to freeze, or to put into the back/forward cache, releases it.
 */
export function createSharedStream({
  name,
  readStream,
  now,
  setTimer,
  toOverdueLimit,
  onFound,
}: SharedStreamOptions): StreamReader {
  let channel: BroadcastChannel | null = null
  /**
   * The current listener for the other tabs. If a stream is closed and opened at once, there are two parts, and this is
   * the later one.
   */
  let listener: { readonly part: AbortSignal; readonly onMessage: (message: TabMessage) => void } | null = null

  /** The server session of the last view that any tab received. */
  let lastChannel = ''

  const broadcast = (message: TabMessage) => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a BroadcastChannel has no target
    channel?.postMessage(message)
  }

  const close = () => {
    channel?.close()
    channel = null
  }

  const open = () => {
    if (channel) return
    channel = new BroadcastChannel(name)
    channel.addEventListener('message', ({ data: message }: MessageEvent<TabMessage>) => {
      if (listener) listener.onMessage(message)
      else if (message.type === 'stream.event' && message.event.type === 'view.received' && !message.to) {
        setTimer(onFound, Math.random() * comeBackWithin)
      }
    })
  }

  const noteChannel = (event: SyncEvent) => {
    if (event.type === 'view.received') lastChannel = event.view.channel
  }

  /** Reads the stream for all tabs. It rejects when the stream has ended, or when the part has. */
  async function lead(input: OpenStreamInput, send: Send, part: AbortSignal): Promise<never> {
    let view: AuthView | null = null
    let lastSeenAt = now()
    /**
     * Time by which the server's clock is ahead of ours, ms. It is the largest one seen, because frames may be late and
     * are never early.
     */
    let ahead = -Infinity
    let restart = () => {}

    const onMessage = (message: TabMessage) => {
      if (message.type !== 'tab.joined') return
      broadcast({ type: 'tab.leads', to: message.tab })
      // The stream is dead, or belongs to a session that this browser has left.
      if (
        now() - lastSeenAt > toOverdueLimit() ||
        (message.isMoved && view !== null && view.channel !== message.channel)
      )
        return restart()
      if (view === null) return
      const event = { type: 'view.received' as const, view: { ...view, now: now() + ahead } }
      broadcast({ type: 'stream.event', event, to: message.tab })
    }
    listener = { part, onMessage }
    broadcast({ type: 'tab.leads' })

    for (let rotations = 0; ;) {
      if (part.aborted) throw part.reason
      let isRotated = false
      let isRestarted = false
      const round = new AbortController()
      const end = () => round.abort()
      restart = () => {
        isRestarted = true
        end()
      }
      const pass = (event: SyncEvent) => {
        noteChannel(event)
        lastSeenAt = now()
        if (event.type === 'ping.received') ahead = Math.max(ahead, event.now - now())
        if (event.type === 'view.received') {
          ;({ view } = event)
          ahead = Math.max(ahead, view.now - now())
          rotations = 0
        }
        isRotated = event.type === 'stream.ended' && event.reason === 'rotated'
        // The session goes on under a new cookie, and so does the stream.
        if (isRotated) return
        broadcast({ type: 'stream.event', event })
        send(event)
      }
      let pause = handover
      part.addEventListener('abort', end)
      try {
        lastSeenAt = now()
        // oxlint-disable-next-line no-await-in-loop -- one stream after the other
        await readStream({ ...input, channel: lastChannel || input.channel }, pass, round.signal)
      } catch (error) {
        if (part.aborted) throw error
        const failure = toSyncFailure(toSyncError(error))
        // The new cookie is still on its way.
        const isEarly = failure.code === 'session-rotated' && rotations > 0 && rotations < maxRotations
        if (!isRotated && !isRestarted && !isEarly) {
          broadcast({ type: 'stream.event', event: { type: 'stream.failed', failure } })
          throw error
        }
        pause = isRestarted ? 0 : (failure.retryAfter ?? handover)
        rotations += 1
      } finally {
        part.removeEventListener('abort', end)
      }
      // oxlint-disable-next-line no-await-in-loop -- the new cookie may be on its way still
      await new Promise<void>((resolve) => setTimer(resolve, pause))
    }
  }

  /**
   * Passes on the leader's messages until this tab has to lead.
   *
   * @returns A promise of the function that releases the lead, or of null if tabs cannot agree on a leader
   */
  function follow(input: OpenStreamInput, send: Send, part: AbortController): Promise<(() => void) | null> {
    const following = new AbortController()
    const { signal } = following
    part.signal.addEventListener('abort', () => following.abort(), { signal })
    let hasAnswer = false
    const onMessage = (message: TabMessage) => {
      if (message.type === 'tab.joined') return
      hasAnswer = true
      if (message.to && message.to !== input.tab) return
      if (message.type === 'tab.leads') return send({ type: 'stream.shared', isLeader: false })
      noteChannel(message.event)
      send(message.event)
    }
    listener = { part: part.signal, onMessage }
    return new Promise((resolve, reject) => {
      const take = (release: (() => void) | null) => {
        if (signal.aborted) release?.()
        else resolve(release)
        following.abort()
      }
      const ask = (options: LockOptions) =>
        requestLock(name, options, () => part.abort()).then(take, (error: unknown) => {
          if (part.signal.aborted) reject(error)
          // The browser refuses locks, as in a sandboxed frame, so the tab works alone.
          else take(null)
        })
      const ifUnanswered = (run: () => void) =>
        setTimer(() => {
          if (!hasAnswer && !signal.aborted) run()
        }, answerTime)
      const { tab, channel = '', isMoved = false } = input
      const announce = () => broadcast({ type: 'tab.joined', tab, channel, isMoved })
      const probe = () => {
        hasAnswer = false
        announce()
        ifUnanswered(() => {
          // The tab asks once more, because a page that was blocked runs its timers before it receives the messages
          // sent meanwhile.
          announce()
          ifUnanswered(() => {
            void ask({ steal: true })
            ifUnanswered(() => take(null))
          })
        })
      }
      void ask({ signal })
      probe()
      // This tab has focus now, so a leader that hangs in the background must not go unnoticed.
      window.addEventListener('focus', probe, { signal })
    })
  }

  /** Follows, and then leads. It rejects when the stream has ended, or when the part has. */
  async function takePart(input: OpenStreamInput, send: Send, part: AbortController): Promise<never> {
    const release = await follow(input, send, part)
    let hasEnded = false
    const pass = (event: SyncEvent) => {
      hasEnded ||= event.type === 'stream.ended'
      send(event)
    }
    if (release) send({ type: 'stream.shared', isLeader: true })
    try {
      return await lead(input, pass, part.signal)
    } finally {
      if (release && (hasEnded || !part.signal.aborted)) setTimer(release, handover)
      else release?.()
    }
  }

  async function readForAll(input: OpenStreamInput, send: Send, signal: AbortSignal): Promise<never> {
    for (;;) {
      open()
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
        if (listener?.part === part.signal) listener = null
        end()
      }
      // A page at rest does not listen to the other tabs either.
      close()
      // oxlint-disable-next-line no-await-in-loop -- a page at rest takes no part
      await rest
      if (signal.aborted) throw signal.reason
    }
  }

  return { readStream: readForAll, close }
}

/**
 * Requests a lock. `onLost` is called when another tab steals it.
 *
 * @returns A promise of the function that releases it. It rejects if the lock is refused or the wait is aborted.
 */
function requestLock(name: string, options: LockOptions, onLost: () => void): Promise<() => void> {
  return new Promise((resolve, reject) => {
    let isHeld = false
    const hold = () =>
      new Promise<void>((release) => {
        isHeld = true
        resolve(release)
      })
    const request = async () => navigator.locks.request(name, options, hold)
    request().catch((error: unknown) => {
      if (isHeld) onLost()
      else reject(error)
    })
  })
}

/**
 * Ends a part when the page is about to rest, that is, to be frozen or put into the back/forward cache.
 *
 * @returns A promise that resolves once the page is awake again, or when the part has ended otherwise
 */
async function endWhenPageRests(part: AbortController, stop: AbortSignal): Promise<void> {
  await firstOf([document, 'freeze'], [window, 'pagehide'], part.signal)
  if (part.signal.aborted) return
  part.abort()
  await firstOf([document, 'resume'], [window, 'pageshow'], stop)
}

type PageEvent = readonly [target: EventTarget, type: string]

/** Resolves on the first of two events, or when the signal aborts. */
function firstOf(one: PageEvent, other: PageEvent, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const first = new AbortController()
    const { signal } = first
    const end = () => {
      first.abort()
      resolve()
    }
    for (const [target, type] of [one, other, [stop, 'abort'] as const]) target.addEventListener(type, end, { signal })
  })
}
