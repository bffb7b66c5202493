import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

/** Starts a token introspection endpoint (RFC 7662) on this machine. It is closed after the test. */
export async function startIntrospection(authorization: string) {
  const endpoint = { url: '', tokens: new Map<string, object>(), asked: [] as string[], isDown: false }
  const server = createServer(async (request, response) => {
    const token = new URLSearchParams(await text(request)).get('token') ?? ''
    endpoint.asked.push(token)
    response.statusCode = endpoint.isDown ? 503 : request.headers.authorization === authorization ? 200 : 401
    response.end(JSON.stringify(endpoint.tokens.get(token) ?? { active: false }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  endpoint.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return endpoint
}
