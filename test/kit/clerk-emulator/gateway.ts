import { H3, type H3Event } from 'h3'
import { createBackendApi } from './backend-api.ts'
import { crossOriginHeaders } from './cross-origin.ts'
import type { EmulatorParts } from './emulator-parts.ts'
import type { Faults } from './faults.ts'
import { createFrontendApi } from './frontend-api.ts'
import type { LoggedRequest } from './request-log.ts'
import { scriptFile } from './script-files.ts'

/**
 * The entry for every request. It removes the mount path and clerk-js's `_method`, writes the log, applies faults, and
 * passes the request to its API.
 *
 * @param basePath the path where the emulator is mounted, without a trailing slash; `''` on a server of its own
 */
export function createGateway(parts: EmulatorParts, faults: Faults, requests: LoggedRequest[], basePath: string): H3 {
  const apis = new H3().mount('/fapi', createFrontendApi(parts)).mount('/bapi', createBackendApi(parts))
  const gateway = new H3()
  gateway.all('/**', (event) => answer(event))
  return gateway

  async function answer(event: H3Event): Promise<Response> {
    // Not event.url: whether a mounted app sees the mount path there depends on how it was mounted.
    const url = new URL(event.req.url)
    if (basePath && url.pathname.startsWith(`${basePath}/`)) url.pathname = url.pathname.slice(basePath.length)
    if (url.pathname.startsWith('/fapi/npm/')) return scriptFile(url.pathname.slice('/fapi'.length))

    const headers = crossOriginHeaders(event.req)
    if (event.req.method === 'OPTIONS') return new Response(null, { status: 204, headers })

    const method = url.searchParams.get('_method')?.toUpperCase() ?? event.req.method
    const entry: LoggedRequest = { method, path: url.pathname, time: Date.now(), status: null }
    requests.push(entry)
    const outcome = await faults.hit(method, url.pathname)
    if (outcome === 'drop') return cutConnection(event)
    const request = await overriding(event.req, url, method).catch(() => undefined)
    if (!request) return cutConnection(event)
    const response = outcome ?? (await apis.fetch(request))
    entry.status = response.status
    for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
    response.headers.set('date', new Date(parts.clock.now()).toUTCString())
    return response
  }
}

/**
 * The same request with its path and method as they are meant. Bodies are small, so they are read up front; it rejects
 * if the page goes away meanwhile.
 */
async function overriding(request: Request, url: URL, method: string): Promise<Request> {
  const body = method === 'GET' || method === 'HEAD' ? null : (await request.text()) || null
  return new Request(url, { method, headers: request.headers, body })
}

function cutConnection(event: H3Event): Response {
  event.runtime?.node?.req.socket.destroy()
  return new Response(null, { status: 502 })
}
