/** Tests of the bytes of HTTP/1.1, which other transports do not share. */
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { eventually, startServer, useVirtualTime } from './harness.ts'
import { onH3, onNode } from './hosts.ts'
import { reCreating } from './wrapping.ts'

describe('a stream', () => {
  it.each([
    ['', onH3],
    [', where a host wraps the answer too', reCreating],
  ])(
    'blocks no other stream, and its socket is closed%s',
    async (_, openHost) => {
      useVirtualTime()
      // Frames have 100 KB, so about a hundred of them fill the buffers of the kernel.
      const bulk = 'x'.repeat(100_000)
      const names = { firstName: bulk, lastName: null, username: null, emailAddress: null }
      const loadUser = async (id: string) => ({ id, ...names, hasImage: false, imageUrl: '' })
      const server = await startServer({ loadUser, limits: { requestsPerSession: 100_000 } }, undefined, openHost)
      const browser = server.browser('tab1')
      await browser.token(server.mint())
      const { port, host } = new URL(server.url)
      const stalled = connect(Number(port), '127.0.0.1')
      onTestFinished(() => void stalled.destroy())
      stalled.pause()
      stalled.write(`GET /auth/events?tab=stalled HTTP/1.1\r\nHost: ${host}\r\nCookie: ${browser.cookie}\r\n\r\n`)
      await eventually(() => server.auth.stats().streams === 1, 'the stalled stream')
      const reader = await browser.open()
      await reader.viewWhere(({ user }) => user?.firstName === bulk)

      // The loop runs until the kernel's buffers of both ends are full.
      const socket = () => server.sockets.find(({ remotePort }) => remotePort === stalled.localPort)
      const behind = () => socket()?.writableLength ?? 0
      let renewals = 0
      // A host that wraps the answer has buffers of its own.
      for (let more = 50; more > 0; renewals += 1) {
        await browser.token(server.mint({ o: { id: `org_${renewals}` } }))
        if (behind() > 0) more -= 1
      }
      const full = behind()
      for (let renewal = 0; renewal < 50; renewal += 1) {
        await browser.token(server.mint({ o: { id: `org_last_${renewal}` } }))
      }
      await reader.viewWhere(({ orgId }) => orgId === 'org_last_49')
      expect(behind()).toBe(full)
      expect(server.auth.stats().streams).toBe(2)
      await vi.advanceTimersByTimeAsync(20_010)
      await eventually(() => server.auth.stats().streams === 1, 'the end of the stalled stream')
      expect((await reader.next())?.event).toBe('ping')
      await eventually(() => socket()?.destroyed === true, 'the end of its connection')
    },
    60_000,
  )

  it('is cut off if its reader does not leave in time', async () => {
    useVirtualTime()
    const server = await startServer()
    const { port, host } = new URL(server.url)
    const socket = connect(Number(port), '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    socket.write(`GET /auth/events HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    await eventually(() => server.auth.stats().streams === 1, 'the stream')
    const closed = server.auth.close({ timeout: 1_000 })
    await vi.advanceTimersByTimeAsync(1_100)
    await closed
    expect(server.auth.stats().streams).toBe(0)
  })

  it('works on an http server that existed before', async () => {
    const server = await startServer({}, undefined, onNode())
    const stream = await server.open()
    expect(await stream.view()).toMatchObject({ state: 'unchecked' })
    await server.auth.close({ timeout: 100 })
    await stream.ended
  })
})

describe('a body', () => {
  it('is counted byte by byte: a chunked body without a length is cut off', async () => {
    const server = await startServer()
    const { port, host } = new URL(server.url)
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.write(
          `POST /auth/events HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${server.url}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
        )
        for (let chunk = 0; chunk < 20; chunk += 1) socket.write(`400\r\n${'x'.repeat(1_024)}\r\n`)
      })
      socket.once('data', (data) => {
        socket.destroy()
        resolve(String(data))
      })
      socket.once('error', reject)
    })
    expect(answer).toMatch(/^HTTP\/1.1 413 /)
    expect(answer).toMatch(/^connection: close\r$/im)
  })

  it('that is refused by its length leaves the connection usable for the next request', async () => {
    const server = await startServer()
    const { port } = new URL(server.url)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const ask = (method: string, path: string, body: string) =>
      new Promise<{ status: number | undefined; socket: unknown }>((resolve, reject) => {
        const headers = { 'content-type': 'application/json', 'content-length': body.length, origin: server.url }
        const options = {
          host: '127.0.0.1',
          port,
          agent,
          method,
          path,
          headers: { ...headers, host: new URL(server.url).host },
        }
        const outgoing = request(options, (response) => {
          const { socket } = response
          response.resume().once('end', () => resolve({ status: response.statusCode, socket }))
        })
        outgoing.once('error', reject)
        outgoing.end(body)
      })
    const refused = await ask('POST', '/auth/events', 'x'.repeat(1_048_576))
    const next = await ask('GET', '/auth/session', '')
    agent.destroy()
    expect([refused.status, next.status]).toEqual([413, 200])
    expect(next.socket).toBe(refused.socket)
  })
})
