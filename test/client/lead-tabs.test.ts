import { describe, expect, it } from 'vitest'
import { leadTabs } from '../../adapters/browser/lead-tabs.ts'
import type { TabMessage } from '../../adapters/browser/tab-channel.ts'
import { toUncheckedView } from '../../machines/auth-view.ts'
import type { OpenStreamInput, SyncEvent } from '../../machines/sync/sync-events.ts'

const settle = () => new Promise<void>((resolve) => setImmediate(resolve))
const toView = (channel: string): SyncEvent => ({ type: 'view.received', view: { ...toUncheckedView(0), channel } })

/** Lets a tab lead whose streams answer only when the test says so. */
function lead(take: (event: SyncEvent, part: AbortController) => void = () => {}) {
  const part = new AbortController()
  const streams: { input: OpenStreamInput; send: (event: SyncEvent) => void; signal: AbortSignal }[] = []
  const told: TabMessage[] = []
  let hear: (message: TabMessage) => void = () => {}
  const tabs = {
    listen: (_: AbortSignal, onMessage: typeof hear) => void (hear = onMessage),
    broadcast: (message: TabMessage) => void told.push(message),
    close() {},
    channel: '',
  }
  const readStream = (input: OpenStreamInput, send: (event: SyncEvent) => void, signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      streams.push({ input, send, signal })
      signal.addEventListener('abort', () => reject(new Error('aborted')))
    })
  const options = { readStream, now: () => 0, setTimer: setImmediate, toOverdueLimit: () => 1_000 }
  leadTabs(options, tabs, { tab: 'a' }, (event) => take(event, part), part.signal).catch(() => {})
  return {
    streams,
    told,
    join: (channel: string, isMoved: boolean) => hear({ type: 'tab.joined', tab: 'b', channel, isMoved }),
    views: () =>
      told.flatMap((message) =>
        message.type === 'stream.event' && message.event.type === 'view.received' ? [message.event.view.channel] : [],
      ),
  }
}

describe('the tab that reads the stream for the others', () => {
  it('asks again if another tab has moved to another session before the first view came', async () => {
    const { streams, join, views } = lead()
    join('new', true)
    await settle()
    await settle()
    expect(streams.map(({ signal }) => signal.aborted)).toEqual([true, false])
    streams[1]?.send(toView('new'))
    join('new', true)
    await settle()
    expect(streams).toHaveLength(2)
    expect(views()).toEqual(['new', 'new'])
  })

  it('keeps waiting if a tab joins that has not moved', async () => {
    const { streams, join } = lead()
    join('', false)
    join('old', false)
    await settle()
    expect(streams.map(({ signal }) => signal.aborted)).toEqual([false])
  })

  it('passes on no view because of which it gives up the stream', () => {
    const { streams, views } = lead((event, part) => {
      if (event.type === 'view.received' && event.view.channel === 'old') part.abort()
    })
    streams[0]?.send(toView('new'))
    streams[0]?.send(toView('old'))
    streams[0]?.send(toView('old'))
    expect(views()).toEqual(['new'])
  })

  it('passes on the end of the stream, although it gives the stream up itself', () => {
    const { streams, told } = lead((_, part) => part.abort())
    const event: SyncEvent = { type: 'stream.ended', reason: 'closing' }
    streams[0]?.send(event)
    expect(told).toContainEqual({ type: 'stream.event', event })
  })
})
