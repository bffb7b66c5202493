import type { OpenStreamInput, SyncEvent } from '../../machines/sync/sync-events.ts'
import type { TabChannel, TabMessage } from './tab-channel.ts'
import { requestLock } from './tab-lock.ts'

export interface FollowOptions {
  /** Name of the stream, and of the lock that its leader holds. Tabs with the same name share it. */
  readonly name: string
  /** Starts a timer of the machine's clock. */
  readonly setTimer: (run: () => void, delay: number) => unknown
}

/**
 * A leader that twice gives a newcomer no answer for this time, ms, hangs, and the newcomer takes the stream. If the
 * newcomer does not get the lock within the same time again, locks do not work here.
 */
const answerTime = 700

/**
 * Passes on the leader's messages until this tab has to lead.
 *
 * @returns A promise of the function that releases the lead, or of null if tabs cannot agree on a leader
 */
export function followLeader(
  { name, setTimer }: FollowOptions,
  tabs: TabChannel,
  input: OpenStreamInput,
  send: (event: SyncEvent) => void,
  part: AbortController,
): Promise<(() => void) | null> {
  const { tab, channel = '', isMoved = false } = input
  const following = new AbortController()
  const { signal } = following
  part.signal.addEventListener('abort', () => following.abort(), { signal })
  let hasAnswer = false

  tabs.listen(part.signal, (message: TabMessage) => {
    if (message.type === 'tab.joined') return
    hasAnswer = true
    if (message.to && message.to !== tab) return
    if (message.type === 'tab.leads') return send({ type: 'stream.shared', isLeader: false })
    const { event } = message
    if (event.type === 'view.received') tabs.channel = event.view.channel
    send(event)
  })

  const announce = () => tabs.broadcast({ type: 'tab.joined', tab, channel, isMoved })
  const ifUnanswered = (run: () => void) =>
    setTimer(() => {
      if (!hasAnswer && !signal.aborted) run()
    }, answerTime)

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
    const probe = () => {
      hasAnswer = false
      announce()
      ifUnanswered(() => {
        // The tab asks once more, because a page that was blocked runs its timers before it receives the messages sent
        // meanwhile.
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
