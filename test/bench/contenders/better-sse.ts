/**
 * better-sse as its guide shows it: one session for each stream, with a plain object as its state, and channels to
 * broadcast.
 */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createChannel, createSession } from 'better-sse'
import { cookieName, listen, readToken, toBearer, toSetCookie, type StartContender } from './contender.ts'
import { toPeerView, type PeerClaims, type PeerView } from './peer-view.ts'
import { createVerifyByHand } from './verify-by-hand.ts'

interface Browser {
  readonly channel: ReturnType<typeof createChannel>
  readonly label: string
  view: PeerView
}

export const startBetterSse: StartContender = async (options) => {
  const verify = createVerifyByHand(options)
  const browsers = new Map<string, Browser>()
  const find = ({ headers }: IncomingMessage) => {
    const id = headers.cookie?.match(cookie)?.[1]
    return id === undefined ? undefined : browsers.get(id)
  }
  const note = (browser: Browser, claims: PeerClaims) => {
    browser.view = toPeerView(browser.label, browser.view.rev + 1, claims)
  }

  async function openStream(request: IncomingMessage, response: ServerResponse) {
    let browser = find(request)
    let headers = {}
    if (!browser) {
      const id = randomBytes(32).toString('base64url')
      const label = randomBytes(16).toString('base64url')
      browser = { channel: createChannel(), label, view: toPeerView(label, 0, null) }
      browsers.set(id, browser)
      headers = { 'set-cookie': toSetCookie(id) }
    }
    const token = toBearer(request.headers.authorization)
    if (token) note(browser, verify(token))
    const session = await createSession(request, response, { headers, keepAlive: 15_000 })
    browser.channel.register(session)
    session.push(browser.view, 'view', String(browser.view.rev))
  }

  function receive(request: IncomingMessage, response: ServerResponse) {
    readToken(request, (token) => {
      const browser = find(request)
      if (!browser) {
        response.writeHead(401).end()
        return
      }
      note(browser, verify(token))
      browser.channel.broadcast(browser.view, 'view', { eventId: String(browser.view.rev) })
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(browser.view))
    })
  }

  return {
    server: await listen((request, response) => {
      if (request.method === 'GET') void openStream(request, response)
      else receive(request, response)
    }),
  }
}

const cookie = new RegExp(`(?:^|; )${cookieName}=([\\w-]+)`)
