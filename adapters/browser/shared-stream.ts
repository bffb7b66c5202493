import type { AuthView } from '../../machines/auth-view.ts'
import type { OpenStreamInput, SyncEvent } from '../../machines/sync/sync-events.ts'
import { toSyncFailure } from '../../machines/sync/sync-error.ts'
import { toSyncError } from './sync-response.ts'
import type { StreamReader } from './stream-reader.ts'
import type { Transport } from './transport.ts'

type ReadStream = Transport['readStream']
type Send = (event: SyncEvent) => void

export interface SharedStreamOptions {
  /** Names the stream: the tabs that give the same name share it. */
  readonly name: string
  /** Reads a stream of this tab's own. */
  readonly readStream: ReadStream
  /** Epoch ms. */
  readonly now: () => number
  /** Takes the timer of the machine's clock. */
  readonly setTimer: (run: () => void, delay: number) => unknown
  /** A stream that is silent for so long may be dead, ms. */
  readonly toOverdueLimit: () => number
  /** Called when another tab hears the server while this one waits to reconnect. */
  readonly onFound: () => void
}

/** What one tab tells the others. No word holds a token: views and failures are what every page may show. */
type Word =
  /** `isMoved`: its server session, of this channel, is another one than that of the stream which it heard. */
  | { readonly type: 'tab.joined'; readonly tab: string; readonly channel: string; readonly isMoved: boolean }
  /** For all of them, or for the tab `to`, which has just joined. */
  | { readonly type: 'tab.leads'; readonly to?: string }
  | { readonly type: 'stream.heard'; readonly event: SyncEvent; readonly to?: string }

/**
 * A leader that leaves a newcomer without an answer for so long, twice, hangs, and loses the stream to it. If the lock is not
 * given to the newcomer for as long again, locks do not work here. In ms.
 */
const answerTime = 700
/** A new cookie may take so many times `handover`, or what the server says, to arrive. */
const maxRotations = 5
/** Tabs that were waiting for the server come back within this long of the first one, ms. */
const comeBackWithin = 1_000
/** The lock is kept for so long after the stream has ended, so that every tab hears of the end before one leads, ms. */
const handover = 100

/**
 * Lets the tabs of one browser share one stream. The tab that holds a lock (Web Locks API) leads: it reads the stream, and
 * passes its events on (BroadcastChannel). The next tab gets the lock as soon as the leader closes, crashes, or is
 * discarded; a leader that the browser is about to freeze, or to put into the back/forward cache, lets go of it.
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
  /** What hears the other tabs now: of two parts, as where a stream is closed and opened at once, the later one. */
  let listener: { readonly part: AbortSignal; readonly hear: (word: Word) => void } | null = null

  /** The server session that was heard of last, by whichever tab. */
  let channelHeard = ''

  const tell = (word: Word) => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a BroadcastChannel has no target
    channel?.postMessage(word)
  }

  const close = () => {
    channel?.close()
    channel = null
  }

  const open = () => {
    if (channel) return
    channel = new BroadcastChannel(name)
    channel.addEventListener('message', ({ data: word }: MessageEvent<Word>) => {
      if (listener) listener.hear(word)
      else if (word.type === 'stream.heard' && word.event.type === 'view.received' && !word.to) {
        setTimer(onFound, Math.random() * comeBackWithin)
      }
    })
  }

  const noteChannel = (event: SyncEvent) => {
    if (event.type === 'view.received') channelHeard = event.view.channel
  }

  /** Reads the stream for all tabs. Rejects when it has ended, or when the part has. */
  async function lead(input: OpenStreamInput, send: Send, part: AbortSignal): Promise<never> {
    let view: AuthView | null = null
    let heardAt = now()
    /** How far the server's clock is ahead of ours, ms: a frame may have been long on its way, and none comes too early. */
    let ahead = -Infinity
    let restart = () => {}

    const hear = (word: Word) => {
      if (word.type !== 'tab.joined') return
      tell({ type: 'tab.leads', to: word.tab })
      // The stream is dead, or of a session that this browser has left.
      if (now() - heardAt > toOverdueLimit() || (word.isMoved && view !== null && view.channel !== word.channel))
        return restart()
      if (view === null) return
      const event = { type: 'view.received' as const, view: { ...view, now: now() + ahead } }
      tell({ type: 'stream.heard', event, to: word.tab })
    }
    listener = { part, hear }
    tell({ type: 'tab.leads' })

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
        heardAt = now()
        if (event.type === 'ping.received') ahead = Math.max(ahead, event.now - now())
        if (event.type === 'view.received') {
          ;({ view } = event)
          ahead = Math.max(ahead, view.now - now())
          rotations = 0
        }
        isRotated = event.type === 'stream.ended' && event.reason === 'rotated'
        // The session goes on under a new cookie, and so does the stream.
        if (isRotated) return
        tell({ type: 'stream.heard', event })
        send(event)
      }
      let pause = handover
      part.addEventListener('abort', end)
      try {
        heardAt = now()
        // oxlint-disable-next-line no-await-in-loop -- one stream after the other
        await readStream({ ...input, channel: channelHeard || input.channel }, pass, round.signal)
      } catch (error) {
        if (part.aborted) throw error
        const failure = toSyncFailure(toSyncError(error))
        // The new cookie is on its way still.
        const isEarly = failure.code === 'session-rotated' && rotations > 0 && rotations < maxRotations
        if (!isRotated && !isRestarted && !isEarly) {
          tell({ type: 'stream.heard', event: { type: 'stream.failed', failure } })
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
   * Hears what the leader tells until this tab is to lead.
   * @returns a promise of what lets go of the lead, or of null where tabs cannot agree on one
   */
  function follow(input: OpenStreamInput, send: Send, part: AbortController): Promise<(() => void) | null> {
    const following = new AbortController()
    const { signal } = following
    part.signal.addEventListener('abort', () => following.abort(), { signal })
    let isLeaderHeard = false
    const hear = (word: Word) => {
      if (word.type === 'tab.joined') return
      isLeaderHeard = true
      if (word.to && word.to !== input.tab) return
      if (word.type === 'tab.leads') return send({ type: 'stream.shared', isLeader: false })
      noteChannel(word.event)
      send(word.event)
    }
    listener = { part: part.signal, hear }
    return new Promise((resolve, reject) => {
      const take = (release: (() => void) | null) => {
        if (signal.aborted) release?.()
        else resolve(release)
        following.abort()
      }
      const ask = (options: LockOptions) =>
        requestLock(name, options, () => part.abort()).then(take, (error: unknown) => {
          if (part.signal.aborted) reject(error)
          // Locks are refused, as in a sandboxed frame: the tab works alone.
          else take(null)
        })
      const ifUnheard = (run: () => void) =>
        setTimer(() => {
          if (!isLeaderHeard && !signal.aborted) run()
        }, answerTime)
      const { tab, channel = '', isMoved = false } = input
      const knock = () => tell({ type: 'tab.joined', tab, channel, isMoved })
      const probe = () => {
        isLeaderHeard = false
        knock()
        ifUnheard(() => {
          // Once more: a page that was held up runs its timers before it hears what was said meanwhile.
          knock()
          ifUnheard(() => {
            void ask({ steal: true })
            ifUnheard(() => take(null))
          })
        })
      }
      void ask({ signal })
      probe()
      // Somebody looks at this tab: the one that leads may hang unseen.
      window.addEventListener('focus', probe, { signal })
    })
  }

  /** Follows, and then leads. Rejects when the stream has ended, or when the part has. */
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
      const rest = restWithPage(part, signal)
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
      // Nor does a page at rest hear of the others.
      close()
      // oxlint-disable-next-line no-await-in-loop -- a page at rest takes no part
      await rest
      if (signal.aborted) throw signal.reason
    }
  }

  return { readStream: readForAll, close }
}

/**
 * Asks for a lock. `onLost` is called when another tab steals it.
 *
 * @returns a promise of the function that lets go of it; rejects where the lock is refused, or no longer waited for
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
 * Ends a part when the page is about to rest: to be frozen, or put into the back/forward cache.
 *
 * @returns a promise that resolves once the page is awake again, or when the part has ended otherwise
 */
async function restWithPage(part: AbortController, stop: AbortSignal): Promise<void> {
  await firstOf([document, 'freeze'], [window, 'pagehide'], part.signal)
  if (part.signal.aborted) return
  part.abort()
  await firstOf([document, 'resume'], [window, 'pageshow'], stop)
}

type Occasion = readonly [target: EventTarget, type: string]

/** Resolves on the first of two events, or when the signal aborts. */
function firstOf(one: Occasion, other: Occasion, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const heard = new AbortController()
    const { signal } = heard
    const end = () => {
      heard.abort()
      resolve()
    }
    for (const [target, type] of [one, other, [stop, 'abort'] as const]) target.addEventListener(type, end, { signal })
  })
}
