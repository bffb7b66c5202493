/**
 * The HTTP side that the h3 peers share, as h3's guide shows it: `EventStream`, `readBody`, cookies by `getCookie`.
 */
import { randomUUID } from 'node:crypto'
import { createEventStream, getCookie, H3, HTTPError, readBody, type H3Event } from 'h3'
import { cookieName, serveApp, toBearer, toSetCookie, type Contender } from './contender.ts'
import type { PeerView } from './peer-view.ts'

/** The state that a peer keeps for a browser. */
export interface PeerSession {
  view(): PeerView
  /** Checks a token, and tells the listeners before it resolves. Rejects if the token is refused. */
  receive(token: string, event: H3Event): Promise<void>
  /**
   * Subscribes to the views.
   *
   * @returns a function that unsubscribes
   */
  subscribe(listener: (view: PeerView) => void): () => void
}

export async function serveH3Peer(createSession: () => PeerSession): Promise<Contender> {
  const sessions = new Map<string, PeerSession>()
  const find = (event: H3Event) => sessions.get(getCookie(event, cookieName) ?? '')

  const app = new H3({ silent: true })
  app.get('/auth/events', async (event) => {
    let session = find(event)
    if (!session) {
      const id = randomUUID()
      session = createSession()
      sessions.set(id, session)
      event.res.headers.append('set-cookie', toSetCookie(id))
    }
    const token = toBearer(event.req.headers.get('authorization'))
    if (token) await session.receive(token, event)
    const stream = createEventStream(event)
    const push = (view: PeerView) =>
      void stream.push({ event: 'view', id: String(view.rev), data: JSON.stringify(view) })
    const unsubscribe = session.subscribe(push)
    stream.onClosed(unsubscribe)
    push(session.view())
    return stream.send()
  })
  app.post('/auth/events', async (event) => {
    const session = find(event)
    if (!session) throw new HTTPError({ status: 401 })
    const token = toBearer(event.req.headers.get('authorization')) ?? (await readBody<{ token?: string }>(event))?.token
    if (token === undefined) throw new HTTPError({ status: 400 })
    try {
      await session.receive(token, event)
    } catch (cause) {
      throw new HTTPError({ status: 401, cause })
    }
    return session.view()
  })
  return { server: await serveApp(app) }
}
