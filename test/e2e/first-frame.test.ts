import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import type { Readable } from 'node:stream'
import { createClerkEmulator } from 'authchart/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startAppServer, type AppServer } from './app-server.ts'

const curl = '/usr/bin/curl'

/** Starts a server whose clock does not move, so everything that arrives was sent at once and not by a timer. */
async function startWithoutTime(): Promise<AppServer> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] })
  const clerk = await createClerkEmulator()
  onTestFinished(() => clerk.close())
  const app = await startAppServer({ clerk, script: '' })
  onTestFinished(() => {
    vi.useRealTimers()
    return app.close()
  })
  return app
}

/** Reads until the first whole view has arrived, and not a byte further. */
async function readFirstView(stream: Readable): Promise<string> {
  let text = ''
  for await (const chunk of stream) {
    text += String(chunk)
    if (/event: view\n.*\n\n/s.test(text)) break
  }
  return text
}

/** The fields of the view that the first frame must carry. */
const firstView = { rev: 1, state: 'unchecked', isSignedIn: false }
const firstHeaders = {
  status: 'HTTP/1.1 200 OK',
  'content-type': expect.stringMatching(/^text\/event-stream/),
  'cache-control': 'no-store, no-transform',
  'set-cookie': expect.stringMatching(/^authchart=/),
}

function parse(text: string) {
  const [head = '', body = ''] = text.split('\r\n\r\n')
  const [status = '', ...lines] = head.split('\r\n')
  const pairs = lines.map((line) => line.split(/: (.*)/).slice(0, 2) as [string, string])
  const data = /^retry: \d+\n\nevent: view\nid: 1\ndata: (.*)\n\n/.exec(body)?.[1]
  return {
    headers: { status, ...Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value])) },
    view: JSON.parse(data ?? 'null') as unknown,
  }
}

describe('GET /auth/events sends headers and the first frame at once', () => {
  it('sends them to a bare socket', async () => {
    const app = await startWithoutTime()
    const { host, port } = new URL(app.url)
    const socket = connect(Number(port), 'localhost')
    onTestFinished(() => void socket.destroy())
    socket.write(`GET /auth/events HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`)
    // The answer is chunked. The chunk sizes are lines between the frames, and none of them splits this frame.
    const text = (await readFirstView(socket)).replace(/(?<=\r\n)[0-9a-f]+\r\n/g, '')
    expect(parse(text)).toMatchObject({ headers: firstHeaders, view: firstView })
  })

  it.runIf(existsSync(curl))('sends them to curl -N', async () => {
    const app = await startWithoutTime()
    const child = spawn(curl, ['-N', '-s', '-i', `${app.url}/auth/events`], { stdio: ['ignore', 'pipe', 'inherit'] })
    const text = await readFirstView(child.stdout)
    child.kill()
    await once(child, 'close')
    expect(parse(text)).toMatchObject({ headers: firstHeaders, view: firstView })
  })
})
