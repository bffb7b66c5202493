import { describe, expect, it, vi } from 'vitest'
import { createSseStreams, toViewFrame } from '../../adapters/h3/sse-stream.ts'
import type { OpenedSession } from '../../adapters/hub/requests/hub-requests.ts'
import { ViewStreams } from '../../adapters/hub/session/view-streams.ts'
import { createMemorySessionStore } from '../../adapters/hub/store/memory-session-store.ts'
import type { SessionStore } from '../../adapters/hub/store/session-store.ts'
import { AuthError, toUncheckedView } from '../../machines/index.ts'
import { startHub, toToken, turn, usualLimits } from './hub-harness.ts'

const createStream = createSseStreams({ clock: () => 0, random: () => 0 })

/** The streams of a session whose view the test changes, on sinks that take nothing until the test says so. */
function openStreams(count: number) {
  const source = {
    rev: 1,
    view: () => ({ ...toUncheckedView(0), rev: source.rev }),
    encode: ({ rev }: { readonly rev: number }) => toViewFrame('{}', rev),
  }
  const streams = new ViewStreams(source)
  const readers = Array.from({ length: count }, (_, n) => {
    const reader = { text: '', take: () => {} }
    const stream = createStream(`tab${n}`, {
      write(text, done) {
        reader.text += text
        reader.take = done
      },
      end: (text) => void (reader.text += text),
      destroy() {},
    })
    streams.add(stream)
    return { reader, stream }
  })
  return {
    source,
    streams,
    takeAll: () => readers.forEach(({ reader }) => reader.take()),
    /** Returns the revisions and the goodbye that each reader was sent. */
    seen: () => readers.map(({ reader: { text } }) => text.match(/(?<=^id: )\d+|(?<="reason":")\w+/gm)),
    close: () => readers.forEach(({ stream }) => stream.closed()),
  }
}

/** Returns what `count` readers were all sent. */
const each = (count: number, ...seen: string[]) => Array.from({ length: count }, () => seen)

describe('streams that end with the last view', () => {
  it('are sent a view that they have not been sent yet', () => {
    const { source, streams, takeAll, seen, close } = openStreams(3)
    takeAll()
    source.rev = 2
    streams.endWithView('revoked')
    expect(seen()).toEqual(each(3, '1', '2', 'revoked'))
    close()
  })

  it('are not sent it twice', () => {
    const { source, streams, takeAll, seen, close } = openStreams(3)
    takeAll()
    source.rev = 2
    streams.flush()
    streams.endWithView('revoked')
    expect(seen()).toEqual(each(3, '1', '2', 'revoked'))
    close()
  })

  it('are sent the view that waits for the reader to take the one before', () => {
    const { source, streams, seen, close } = openStreams(3)
    source.rev = 2
    streams.flush()
    expect(seen()).toEqual(each(3, '1'))
    streams.endWithView('revoked')
    expect(seen()).toEqual(each(3, '1', '2', 'revoked'))
    close()
  })

  it.each([0, 1, 2])('are each sent it once if they are very many and %i turns have sent it to some', async (turns) => {
    const { source, streams, takeAll, seen, close } = openStreams(200)
    takeAll()
    source.rev = 2
    streams.flush()
    await turn(turns)
    streams.endWithView('revoked')
    await turn(5)
    expect(seen()).toEqual(each(200, '1', '2', 'revoked'))
    close()
  })

  it('do not miss a view that changes while a stream is added', () => {
    const { source, streams, takeAll, seen, close } = openStreams(2)
    takeAll()
    // A proof expires between two views, because the clock goes on.
    const view = vi.spyOn(source, 'view').mockImplementation(() => ({ ...toUncheckedView(0), rev: (source.rev += 1) }))
    streams.add(createStream('another', { write() {}, end() {}, destroy() {} }))
    view.mockRestore()
    streams.flush()
    streams.endWithView('revoked')
    expect(seen().map((frames) => frames?.at(-2))).toEqual(each(2, String(source.rev)).flat())
    close()
  })
})

describe('a session ends', () => {
  it('with one last view where a lifetime ends while another stream of it is opened', async () => {
    const memory = createMemorySessionStore({ clock: () => Date.now() })
    const reads: (() => void)[] = []
    const hold = { isOn: false }
    const store: SessionStore = {
      ...memory,
      async list(userId) {
        if (hold.isOn) await new Promise<void>((read) => void reads.push(read))
        return memory.list!(userId)
      },
    }
    const { open } = startHub({ store, lifetime: { idle: Infinity, absolute: 60_000 } })
    const browser = await open()
    await browser.token(toToken({ expiresAt: Date.now() + 600_000 }))
    await turn()
    hold.isOn = true
    await vi.advanceTimersByTimeAsync(60_000)
    await open('other', browser.cookie.id)
    await turn()
    expect(browser.views.at(-1)).toMatchObject({ state: 'signedOut', error: { code: 'session-expired' } })
    expect(browser.stream.bye).toBeNull()
    for (const read of reads) read()
    await turn()
    expect(browser.stream.bye).toBe('revoked')
    const revs = browser.views.map(({ rev }) => rev)
    expect(revs).toEqual([...new Set(revs)])
  })

  it('with one last view where it is revoked among very many, and read before its turn comes', async () => {
    const { hub, open } = startHub({ limits: { ...usualLimits, sessionsPerClerkSession: 100 } })
    const browsers = await Promise.all(Array.from({ length: 100 }, () => open()))
    for (const browser of browsers) await browser.token(toToken({}))
    await turn()
    const last = browsers.at(-1)!
    // Each stream takes a slice of its own.
    for (const { stream } of browsers) {
      const { end } = stream
      stream.end = (reason, frame) => {
        vi.advanceTimersByTime(10)
        end.call(stream, reason, frame)
      }
    }
    const revoked = hub.revoke({ kind: 'session', id: 'sess_a' })
    expect(last.stream.bye).toBeNull()
    await open('other', last.cookie.id)
    expect(last.views.at(-1)).toMatchObject({ state: 'signedOut' })
    await revoked
    await turn(300)
    expect(last.stream.bye).toBe('revoked')
    const revs = last.views.map(({ rev }) => rev)
    expect(revs).toEqual([...new Set(revs)])
  })

  it.each(['a shutdown', 'the place that another session takes'])(
    'by %s, with the sign-out that came just before',
    async (by) => {
      const limits = { ...usualLimits, sessions: 1 }
      const { hub, open } = startHub({ limits })
      const browser = await open()
      await browser.token(toToken({}))
      await turn()
      await browser.clear()
      expect(browser.views.at(-1)).toMatchObject({ isSignedIn: true })
      if (by === 'a shutdown') void hub.close({ timeout: 0 })
      else await hub.receive({ cookieIds: [], token: toToken({ userId: 'user_b', sessionId: 'sess_b' }) })
      expect(browser.stream.bye).toBe('closing')
      expect(browser.views.at(-1)).toMatchObject({ isSignedIn: false, state: 'signedOut' })
    },
  )
})

describe('a stream that is asked for right before a shutdown', () => {
  it.each(['waits for its turn', 'is opened, but not attached yet'])('ends at once if it %s', async (how) => {
    const { hub, open } = startHub()
    const ask = (tab: number) => hub.open({ cookieIds: [], tab: `tab${tab}`, carried: [] })
    await open()
    const opened = how === 'waits for its turn' ? null : await ask(0)
    const queued = opened ? [] : Array.from({ length: 100 }, (_, tab) => ask(tab).catch((error: unknown) => error))
    const isOver = { is: false }
    void hub.close({ timeout: 60_000 }).then(() => (isOver.is = true))
    const byes: string[] = []
    const answers = opened ? [opened] : await Promise.all(queued)
    for (const answer of answers) {
      if (answer instanceof AuthError) byes.push(answer.code)
      else
        (answer as OpenedSession).attach({
          tab: 'tab',
          isBehind: false,
          send() {},
          end: (reason) => byes.push(reason),
          destroy() {},
        })
    }
    expect(byes.filter((bye) => bye === 'closing' || bye === 'draining')).toEqual(byes)
    expect(byes).toHaveLength(answers.length)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(isOver.is).toBe(true)
  })
})
