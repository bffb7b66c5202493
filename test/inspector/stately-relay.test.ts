import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocket, type ClientOptions } from 'ws'
import { SimulatedClock, createActor } from 'xstate'
import { createStatelyInspector } from '../../adapters/inspector/index.ts'
import { authMachine } from '../../machines/index.ts'
import { findChromium, launchBrowser } from '../e2e/browser.ts'
import { eventually, startServer } from '../h3/harness.ts'
import { bundleModules, receiverPage } from './stately-page.ts'

async function startStately(url?: string) {
  const stately = await createStatelyInspector({ url })
  onTestFinished(() => stately.stop())
  const link = new URL(stately.link!)
  return { stately, link, feed: `ws://${link.host}${link.pathname}/feed`, app: `ws://${link.host}${link.pathname}/app` }
}

async function statusOf(url: URL | string, headers: Record<string, string> = {}): Promise<number> {
  const outgoing = request(url, { headers, agent: false }).end()
  const [response] = await once(outgoing, 'response')
  response.destroy()
  return response.statusCode
}

async function isLetIn(url: string, options: ClientOptions): Promise<boolean> {
  const socket = new WebSocket(url, options)
  onTestFinished(() => socket.terminate())
  return new Promise((resolve) => {
    socket.once('open', () => resolve(true))
    socket.once('error', () => resolve(false))
  })
}

describe('the relay for the Stately inspector', () => {
  it('listens only on loopback', async () => {
    const { link } = await startStately()
    expect(link.hostname).toBe('127.0.0.1')
    const addresses = Object.values(networkInterfaces())
      .flat()
      .filter((each) => each && !each.internal && each.family === 'IPv4')
    for (const { address } of addresses as { address: string }[]) {
      const socket = connect(Number(link.port), address)
      await expect(once(socket, 'connect'), address).rejects.toThrow('ECONNREFUSED')
    }
    const onLoopback = connect(Number(link.port), '127.0.0.2')
    await expect(once(onLoopback, 'connect'), 'another loopback address').rejects.toThrow('ECONNREFUSED')
  })

  it('answers only with the secret in its link, and only by its own name', async () => {
    const { link } = await startStately()
    expect(await statusOf(link)).toBe(200)
    for (const path of ['/', '/app', '/feed', link.pathname.slice(0, -1), `${link.pathname}/`]) {
      expect(await statusOf(new URL(path, link)), path).toBe(404)
    }
    expect(await statusOf(link, { host: 'evil.example' })).toBe(404)
    expect(await statusOf(link, { host: `localhost:${link.port}` })).toBe(404)
  })

  it('accepts only its own page, and no other app', async () => {
    const { link, feed, app } = await startStately()
    expect(await isLetIn(feed, { origin: link.origin })).toBe(true)
    expect(await isLetIn(feed, { origin: 'https://evil.example' })).toBe(false)
    expect(await isLetIn(feed, { origin: link.origin, headers: { host: 'evil.example' } })).toBe(false)
    expect(await isLetIn(feed, {})).toBe(false)
    expect(await isLetIn(app, {})).toBe(true)
    expect(await isLetIn(app, { origin: link.origin })).toBe(false)
    expect(await isLetIn(`ws://${link.host}/app`, {})).toBe(false)
  })

  it('gives a page that comes late the earlier events, within limits', async () => {
    const { stately, link, feed } = await startStately()
    const actor = createActor(authMachine, { id: 'one', clock: new SimulatedClock(), inspect: stately.inspect }).start()
    onTestFinished(() => void actor.stop())
    const open = () => {
      const frames: { type: string; name?: string }[] = []
      const page = new WebSocket(feed, { origin: link.origin })
      onTestFinished(() => page.terminate())
      page.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString()) as { type: string }))
      return frames
    }
    const all = open()
    await eventually(() => all.length === 3, 'the start')
    for (let sent = 0; sent < 500; sent += 1) actor.send({ type: 'session.cleared' })
    await eventually(() => all.length === 1_003, 'everything')
    const late = open()
    await eventually(() => late.length === 401, 'the replay')
    expect(late[0]).toMatchObject({ type: '@xstate.actor', name: 'one' })
    actor.send({ type: 'session.cleared' })
    await eventually(() => all.length === 1_005, 'one more')
    expect(late.slice(1)).toEqual(all.slice(-late.length + 1))
  })

  it.runIf(findChromium())('feeds the inspector in a browser', async () => {
    const modules = await bundleModules()
    const server = await startServer({}, (app) => {
      app.get('/receiver', () => new Response(receiverPage, { headers: { 'content-type': 'text/html' } }))
      for (const [path, code] of modules)
        app.get(path, () => new Response(code, { headers: { 'content-type': 'text/javascript' } }))
    })
    const { stately, link } = await startStately(`${server.url}/receiver`)
    const actor = createActor(authMachine, { id: 'one', clock: new SimulatedClock(), inspect: stately.inspect }).start()
    onTestFinished(() => void actor.stop())
    const browser = await launchBrowser()
    onTestFinished(() => browser.close())
    const page = await browser.newPage()
    const complaints: string[] = []
    page.on('pageerror', ({ message }) => complaints.push(message))
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    await page.goto(link.href)
    const frame = () => page.frames().find((each) => each.url().endsWith('/receiver'))
    const understood = async () => (await frame()?.evaluate<string[] | undefined>('window.understood')) ?? []
    await eventually(async () => (await understood()).length >= 3, 'what was before the page')
    actor.send({ type: 'session.cleared' })
    await eventually(async () => (await understood()).length >= 5, 'what came later')
    expect(new Set(await understood())).toEqual(new Set(['@xstate.actor', '@xstate.event', '@xstate.snapshot']))
    expect(complaints).toEqual([])
  })
})

describe('createStatelyInspector', () => {
  it.each([
    [{ relay: 'http://localhost:8080' }, 'relay'],
    [{ relay: 'localhost:8080' }, 'relay'],
    [{ url: 'javascript:alert(1)' }, 'url'],
    [{ filter: 'user_1' as never }, 'filter'],
  ])('names an option that cannot be used: %j', async (options, name) => {
    await expect(createStatelyInspector(options)).rejects.toThrow(
      new RegExp(`^createStatelyInspector: ${name} must be`),
    )
  })

  it('does no harm while its relay is not running', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const stately = await createStatelyInspector({ relay: 'ws://127.0.0.1:9' })
    const actor = createActor(authMachine, { clock: new SimulatedClock(), inspect: stately.inspect }).start()
    for (let sent = 0; sent < 3_000; sent += 1) actor.send({ type: 'session.cleared' })
    expect(actor.getSnapshot().value).toBe('signedOut')
    actor.stop()
    await stately.stop()
  })
})
