import type { ServerResponse } from 'node:http'
/** The product's duties on h3, with frames written straight to the response of node:http. */
import { getCookie, H3, type H3Event } from 'h3'
import { cookieName, serveApp, sseHeaders, toBearer, toSetCookie, type StartContender } from './contender.ts'
import { createDuties, maxBody, Refusal, toProblem } from './duties.ts'

export const startByHandH3: StartContender = async (options) => {
  const duties = createDuties(options)
  const app = new H3({ silent: true })
  const find = (event: H3Event) => duties.find(getCookie(event, cookieName))

  app.get('/auth/events', (event) =>
    answer(event, () => {
      const found = find(event)
      const session = found ?? duties.create()
      const token = toBearer(event.req.headers.get('authorization'))
      if (token) duties.accept(session, token)
      const response = event.runtime?.node?.res as ServerResponse
      response.writeHead(200, { ...sseHeaders, ...(!found && { 'set-cookie': toSetCookie(session.id) }) })
      response.write(duties.firstFrame(session))
      session.streams.add(response)
      return new Promise<void>((resolve) => {
        response.on('close', () => {
          session.streams.delete(response)
          resolve()
        })
      })
    }),
  )
  app.post('/auth/events', (event) =>
    answer(event, async () => {
      const { headers } = event.req
      const read = (name: string) => headers.get(name) ?? undefined
      const [host, origin, site] = [read('host'), read('origin'), read('sec-fetch-site')]
      duties.requireOrigin({ host, origin, site, contentType: read('content-type') })
      if (Number(read('content-length')) > maxBody) throw new Refusal(413, 'too large')
      const found = find(event)
      const { session, json } = duties.receive(found, await event.req.text())
      if (!found) event.res.headers.set('set-cookie', toSetCookie(session.id))
      event.res.headers.set('content-type', 'application/json')
      event.res.headers.set('cache-control', 'no-store')
      return json
    }),
  )
  return { server: await serveApp(app) }
}

async function answer(event: H3Event, work: () => unknown): Promise<unknown> {
  try {
    return await work()
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal(500, 'failed')
    event.res.status = refusal.status
    event.res.headers.set('content-type', 'application/problem+json')
    return toProblem(refusal)
  }
}
