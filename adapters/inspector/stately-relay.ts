import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { WebSocket, WebSocketServer } from 'ws'

/** Returns a module of Node at run time. Imports would fail in a bundler that follows the inspector into a page. */
const builtin = <Name extends 'node:crypto' | 'node:http' | 'node:module'>(name: Name) => process.getBuiltinModule(name)

/** Passes events of this process on to the Stately inspector in a browser on this machine. */
export interface StatelyRelay {
  /** The WebSocket URL that receives the events. */
  readonly address: string
  /**
   * Resolves with the first message of the app, which is not passed on. From then on the app's library holds no event
   * back.
   */
  readonly connected: Promise<void>
  /** The page to open. */
  readonly link: string
  close(): Promise<void>
}

/** Number of messages kept for pages that open later. Those that describe the actors are kept apart from the others. */
const most = { actors: 400, events: 400 }
/** Bytes that may wait for a page before it is cut off. */
const maxUntaken = 4 << 20

/**
 * Creates a relay that listens only on loopback, unlike the relay of `@statelyai/inspect`, which answers every machine
 * that reaches this one. A secret in the address keeps out other users and other pages of this machine. WebSockets have
 * no same-origin policy, so the relay also refuses every origin but its own.
 */
export async function createStatelyRelay(inspectorUrl: string): Promise<StatelyRelay> {
  const { randomBytes } = builtin('node:crypto')
  const secret = randomBytes(32).toString('base64url')
  const paths = { page: `/${secret}`, app: `/${secret}/app`, feed: `/${secret}/feed` }
  const actors: string[] = []
  const events: string[] = []

  const http = builtin('node:http').createServer((request, response) => {
    const isAsked = request.method === 'GET' && request.url === paths.page && request.headers.host === host()
    const nonce = randomBytes(16).toString('base64url')
    const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; connect-src ws://${host()}; frame-src ${new URL(inspectorUrl).origin}; frame-ancestors 'none'; base-uri 'none'`
    response.writeHead(isAsked ? 200 : 404, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': policy,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
    response.end(isAsked ? toBridge(nonce, inspectorUrl, `ws://${host()}${paths.feed}`) : '')
  })
  const host = () => `127.0.0.1:${(http.address() as AddressInfo | null)?.port}`
  const sockets = createSocketServer()

  http.on('upgrade', (request: IncomingMessage, socket, head) => {
    const { origin } = request.headers
    const isApp = request.url === paths.app && origin === undefined
    const isPage = request.url === paths.feed && origin === `http://${host()}`
    if (request.headers.host !== host() || !(isApp || isPage)) socket.destroy()
    else sockets.handleUpgrade(request, socket, head, isApp ? receive : feed)
  })

  const pages = new Set<WebSocket>()
  let onApp: () => void
  const connected = new Promise<void>((resolve) => {
    onApp = resolve
  })
  function receive(connection: WebSocket) {
    connection.on('message', (data: Buffer) => {
      const event = data.toString()
      if (!event.includes('"type":"@xstate.')) return onApp()
      const kept = event.includes('"type":"@xstate.actor"') ? actors : events
      kept.push(event)
      if (kept.length > (kept === actors ? most.actors : most.events)) kept.shift()
      for (const page of pages) {
        if (page.bufferedAmount > maxUntaken) page.terminate()
        else page.send(event)
      }
    })
  }
  function feed(page: WebSocket) {
    pages.add(page)
    page.on('close', () => pages.delete(page))
    for (const event of [...actors, ...events]) page.send(event)
  }

  await new Promise<void>((resolve, reject) => {
    http.once('error', reject)
    http.listen(0, '127.0.0.1', resolve)
  })
  return {
    address: `ws://${host()}${paths.app}`,
    connected,
    link: `http://${host()}${paths.page}`,
    async close() {
      for (const connection of sockets.clients) connection.terminate()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}

/**
 * Creates the socket server with the `ws` on which `@statelyai/inspect` depends, so that an app need not install `ws`
 * itself.
 */
function createSocketServer(): WebSocketServer {
  const { createRequire } = builtin('node:module')
  const require = createRequire(createRequire(import.meta.url).resolve('@statelyai/inspect'))
  const { WebSocketServer: Sockets } = require('ws') as typeof import('ws')
  return new Sockets({ noServer: true, maxPayload: 1 << 20 })
}

function toBridge(nonce: string, inspectorUrl: string, feed: string): string {
  const text = (value: string) => JSON.stringify(value).replaceAll('<', String.raw`\u003c`)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>authchart in the Stately inspector</title>
<style nonce="${nonce}">html, body, iframe { width: 100%; height: 100%; margin: 0; border: 0; display: block }</style>
<iframe title="Stately inspector"></iframe>
<script nonce="${nonce}">
const frame = document.querySelector('iframe')
const origin = new URL(${text(inspectorUrl)}).origin
let waiting = []
addEventListener('message', ({ source, data }) => {
  if (source !== frame.contentWindow || data?.type !== '@statelyai.connected') return
  for (const event of waiting ?? []) frame.contentWindow.postMessage(event, origin)
  waiting = null
})
new WebSocket(${text(feed)}).onmessage = ({ data }) => {
  const event = JSON.parse(data)
  if (waiting) waiting.push(event)
  else frame.contentWindow.postMessage(event, origin)
}
frame.src = ${text(inspectorUrl)}
</script>
`
}
