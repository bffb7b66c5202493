/**
 * Checks that an idle or closed server leaves nothing behind. The tests have a file of their own, because a timer
 * that an earlier test's server has set in real time may fire while the test controls time, and would be counted.
 */
import { describe, expect, it, vi } from 'vitest'
import { eventually, startServer, useVirtualTime } from './harness.ts'

describe('the stream of a live session', () => {
  it('leaves nothing behind when its reader goes', async () => {
    useVirtualTime()
    const server = await startServer()
    const idle = vi.getTimerCount()
    const streams = await Promise.all(Array.from({ length: 20 }, () => server.open()))
    expect(server.auth.stats()).toMatchObject({ sessions: 20, streams: 20 })
    for (const stream of streams) stream.close()
    await eventually(() => server.auth.stats().streams === 0, 'the end of the streams')
    expect(server.auth.stats().sessions).toBe(20)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(server.auth.stats()).toMatchObject({ sessions: 0, signedIn: 0, streams: 0 })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(vi.getTimerCount()).toBe(idle)
  })
})

describe('closing', () => {
  it('says goodbye, refuses new requests, and leaves nothing behind', async () => {
    useVirtualTime()
    const server = await startServer()
    const idle = vi.getTimerCount()
    const browser = server.browser()
    const stream = await browser.open()
    await browser.token(server.mint())
    const closed = server.auth.close()
    await stream.ended
    expect(stream.text()).toMatch(/event: bye\ndata: \{"reason":"closing"\}\n\n$/)
    await vi.advanceTimersByTimeAsync(5_000)
    await closed
    expect(server.auth.stats()).toEqual({ sessions: 0, signedIn: 0, streams: 0 })
    for (const answer of [await server.send('/auth/events'), await browser.token(server.mint())]) {
      expect([answer.status, answer.body.code]).toEqual([503, 'draining'])
      expect(answer.headers.get('retry-after')).toBe('1')
    }
    await vi.advanceTimersByTimeAsync(10_000)
    expect(vi.getTimerCount()).toBeLessThanOrEqual(idle)
  })
})
