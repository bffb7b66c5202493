/** The product's duties on node:http, as a careful engineer writes them by hand. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { listen, sseHeaders, toBearer, toCookieId, toSetCookie, type StartContender } from './contender.ts'
import { createDuties, maxBody, Refusal, toProblem } from './duties.ts'

export const startByHand: StartContender = async (options) => {
  const duties = createDuties(options)
  const find = (request: IncomingMessage) => duties.find(toCookieId(request))

  function openStream(request: IncomingMessage, response: ServerResponse) {
    const found = find(request)
    const session = found ?? duties.create()
    const token = toBearer(request.headers.authorization)
    if (token) duties.accept(session, token)
    response.writeHead(200, { ...sseHeaders, ...(!found && { 'set-cookie': toSetCookie(session.id) }) })
    response.write(duties.firstFrame(session))
    session.streams.add(response)
    response.on('close', () => session.streams.delete(response))
  }

  function receive(request: IncomingMessage, response: ServerResponse) {
    const { host, origin, 'sec-fetch-site': site, 'content-type': contentType } = request.headers
    duties.requireOrigin({ host, origin, site: [site].flat()[0], contentType })
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => {
      body += chunk
      if (body.length > maxBody) request.destroy()
    })
    request.on('end', () => {
      answer(response, () => {
        const found = find(request)
        const { session, json } = duties.receive(found, body)
        const cookie = !found && { 'set-cookie': toSetCookie(session.id) }
        response
          .writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store', ...cookie })
          .end(json)
      })
    })
  }

  return {
    server: await listen((request, response) => {
      answer(response, () => (request.method === 'GET' ? openStream : receive)(request, response))
    }),
  }
}

function answer(response: ServerResponse, work: () => void) {
  try {
    work()
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal(500, 'failed')
    response.writeHead(refusal.status, { 'content-type': 'application/problem+json' }).end(toProblem(refusal))
  }
}
