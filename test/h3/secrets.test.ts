import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { createMemorySessionStore, type SessionStore } from '../../adapters/h3/index.ts'
import { startServer } from './harness.ts'

describe('no raw token and no secret', () => {
  it('is in any frame, answer, log line, record, inspection event or error', async () => {
    const sinks: string[] = []
    const note = (what: unknown) => void sinks.push(typeof what === 'string' ? what : toText(what))
    const memory = createMemorySessionStore()
    const store: SessionStore = {
      ...memory,
      write: (record, options) => {
        note(record)
        return memory.write(record, options)
      },
      rotate: (id, options) => {
        note({ id, options })
        return memory.rotate(id, options)
      },
      addTombstone: (tombstone) => {
        note(tombstone)
        return memory.addTombstone(tombstone)
      },
    }
    const server = await startServer({ store, inspect: note })
    server.auth.onAuthChange((change) => {
      note(change)
      throw Object.assign(new Error('listener'), { change })
    })
    const browser = server.browser()
    const stream = await browser.open()
    const secret = 'SECRET'.repeat(4)
    const good = server.mint()
    const tokens = [
      good,
      server.mint({ sub: 'user_b', sid: 'sess_b' }),
      `${good.slice(0, -6)}AAAAAA`,
      server.mint({ iss: 'https://evil.example' }),
      secret,
      `${secret}.${secret}.${secret}`,
      server.mint({ exp: 5 }),
      secret.repeat(400),
    ]
    for (const token of tokens) note((await browser.token(token)).body)
    for (const body of [`{"type":"token.received","token":"${good}`, `{"token":"${good}"}`, `{"type":"${good}"}`]) {
      note((await server.post(body)).body)
    }
    note((await server.send(`/auth/events?tab=${good}`)).body)
    note((await server.send('/auth/session', { headers: { authorization: `Bearer ${good}` } })).body)
    const cookie = browser.cookie ?? ''
    await browser.clear()
    note((await browser.token(good)).body)
    note(stream.text())
    for (const line of server.lines) note(line)

    const text = sinks.join('\n')
    expect(text.length).toBeGreaterThan(1_000)
    for (const part of tokens.flatMap((token) => token.split('.')).filter((segment) => segment.length > 20)) {
      expect(text.includes(part), `a part of a token: ${part.slice(0, 12)}…`).toBe(false)
    }
    expect(text).not.toContain(secret)
    expect(text).not.toContain(cookie.split('=')[1])
  })

  it('stays in memory with the request of an open stream', async () => {
    const requests: IncomingMessage[] = []
    const server = await startServer({}, (app) => {
      app.use((event) => void requests.push(event.runtime!.node!.req as IncomingMessage))
    })
    const token = server.mint()
    const headers = { cookie: 'preferences=dark', authorization: `Bearer ${token}`, 'user-agent': 'somebody' }
    const stream = await server.open(headers)
    expect((await stream.view()).isSignedIn).toBe(true)
    const [request] = requests
    // Access logs are written when an answer ends, and need the other headers.
    expect(request?.headers['user-agent']).toBe('somebody')
    const text = JSON.stringify([request?.headers, request?.rawHeaders, request?.headersDistinct])
    expect(text).not.toContain(token)
    expect(text).not.toContain('preferences')
    stream.close()
  })
})

/** Collects all text that can be read from a value: own properties, errors with their causes, and its JSON. */
function toText(value: unknown, seen = new Set<unknown>()): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null || seen.has(value)) return String(value)
  seen.add(value)
  const own = Object.getOwnPropertyNames(value).map((name) => toText((value as Record<string, unknown>)[name], seen))
  const entries = value instanceof Map || value instanceof Set ? [...value].map((entry) => toText(entry, seen)) : []
  return [...own, ...entries].join('\n')
}
