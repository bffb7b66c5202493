/** The limit: the least code on node:http that does the work, as a careful engineer writes it by hand. */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  listen,
  readToken,
  sseHeaders,
  toBearer,
  toCookieId,
  toSetCookie,
  toViewFrame,
  type StartContender,
} from './contender.ts'
import { toPeerView, type PeerClaims } from './peer-view.ts'
import { createVerifyByHand } from './verify-by-hand.ts'

interface Session {
  readonly channel: string
  readonly streams: Set<ServerResponse>
  claims: PeerClaims | null
  rev: number
}

const pingEvery = 15_000

export const startLimit: StartContender = async (options) => {
  const verify = createVerifyByHand(options)
  const sessions = new Map<string, Session>()
  const find = (request: IncomingMessage) => {
    const id = toCookieId(request)
    return id === undefined ? undefined : sessions.get(id)
  }
  const toJson = ({ channel, rev, claims }: Session) => JSON.stringify(toPeerView(channel, rev, claims))

  function openStream(request: IncomingMessage, response: ServerResponse) {
    let session = find(request)
    const headers: Record<string, string> = { ...sseHeaders }
    if (!session) {
      const id = randomBytes(32).toString('base64url')
      session = { channel: randomBytes(16).toString('base64url'), streams: new Set(), claims: null, rev: 0 }
      sessions.set(id, session)
      headers['set-cookie'] = toSetCookie(id)
    }
    const { streams } = session
    const token = toBearer(request.headers.authorization)
    if (token) {
      session.claims = verify(token)
      session.rev += 1
    }
    response.writeHead(200, headers)
    response.write(toViewFrame(session.rev, toJson(session)))
    streams.add(response)
    response.on('close', () => streams.delete(response))
  }

  function receive(request: IncomingMessage, response: ServerResponse) {
    readToken(request, (token) => {
      const session = find(request)
      const claims = session && tryVerify(token)
      if (!claims) {
        response.writeHead(401).end()
        return
      }
      session.claims = claims
      session.rev += 1
      const json = toJson(session)
      const frame = toViewFrame(session.rev, json)
      for (const stream of session.streams) stream.write(frame)
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(json)
    })
  }

  function tryVerify(token: string): PeerClaims | null {
    try {
      return verify(token)
    } catch {
      return null
    }
  }

  setInterval(() => {
    const ping = `event: ping\ndata: {"now":${Date.now()}}\n\n`
    for (const { streams } of sessions.values()) for (const stream of streams) stream.write(ping)
  }, pingEvery)

  return {
    server: await listen((request, response) => {
      if (request.method === 'GET') openStream(request, response)
      else receive(request, response)
    }),
  }
}
