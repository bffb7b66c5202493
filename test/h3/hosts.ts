import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createSecureServer } from 'node:http2'
import type { AddressInfo, Server, Socket } from 'node:net'
import fastifyCompress from '@fastify/compress'
import { getRequestListener } from '@hono/node-server'
import compression from 'compression'
import express from 'express'
import Fastify from 'fastify'
import { H3, serve, toNodeHandler, withBase } from 'h3'
import { Hono } from 'hono'
import { compress } from 'hono/compress'
import { freePort } from '../free-port.ts'
import { startNginx } from '../nodes/nginx.ts'
import { toCertificate } from './certificate.ts'
import { overHttp2, type Wire } from './wire.ts'

/** A server that contains the app. */
export interface Host {
  /** The URL of the app, without a slash at the end. */
  readonly url: string
  readonly server: Server
  /** The transport of the requests, if it is not HTTP/1.1. */
  readonly wire?: Wire
  /** True if the app does not learn the port that its client has asked for. */
  readonly hidesPort?: boolean
  close(): Promise<void>
}

/** Serves an app on a port of this machine. */
export type OpenHost = (app: H3) => Promise<Host>

/** Uses h3's own server. */
export const onH3: OpenHost = async (app) => {
  const server = serve(app, { port: 0, hostname: '127.0.0.1', silent: true, gracefulShutdown: false })
  await server.ready()
  return {
    url: (server.url ?? '').replace(/\/$/, ''),
    server: server.node?.server as Server,
    close: () => server.close(true),
  }
}

/** Uses a node:http server with a listener made from the app. `prefix` is the path of the app. */
export function onNode(toListener: (app: H3) => RequestListener = toNodeHandler, prefix = ''): OpenHost {
  return async (app) => {
    const server = createServer(toListener(app)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`,
      server,
      async close() {
        server.close().closeAllConnections()
        await once(server, 'close')
      },
    }
  }
}

/** Uses a node:http2 server with TLS, as browsers use HTTP/2. */
export const onHttp2: OpenHost = async (app) => {
  const { key, cert } = toCertificate()
  const server = createSecureServer({ key, cert, allowHTTP1: true }, toNodeHandler(app)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const sockets: Socket[] = []
  server.on('connection', (socket) => void sockets.push(socket))
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const wire = overHttp2(url, { ca: cert })
  return {
    url,
    server,
    wire,
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}

/** Uses h3's own server with a certificate, which speaks HTTP/2. */
export const onSecureH3: OpenHost = async (app) => {
  const tls = toCertificate()
  const server = serve(app, { port: 0, hostname: '127.0.0.1', silent: true, gracefulShutdown: false, tls })
  await server.ready()
  const url = (server.url ?? '').replace(/\/$/, '')
  const wire = overHttp2(url, { ca: tls.cert })
  return {
    url,
    server: server.node?.server as Server,
    wire,
    close: () => server.close(true),
  }
}

/**
 * Puts nginx, configured as docs/scaling.md says, in front of h3's own server. Its clients see it at the https port.
 * One nginx serves a whole test file.
 */
export function createNginxHost() {
  let nginx: Awaited<ReturnType<typeof startNginx>>
  let port = 0
  const open: OpenHost = async (app) => {
    const server = serve(app, { port, hostname: '127.0.0.1', silent: true, gracefulShutdown: false })
    await server.ready()
    return {
      url: 'https://localhost',
      server: server.node?.server as Server,
      wire: overHttp2(`https://localhost:${nginx.port}`, { ca: nginx.cert, authority: 'localhost' }),
      hidesPort: true,
      close: () => server.close(true),
    }
  }
  return {
    open,
    async start() {
      port = await freePort()
      nginx = await startNginx([`127.0.0.1:${port}`])
    },
    stop: () => nginx.stop(),
  }
}

/** Uses an Express app that runs `use` before the h3 app. */
export function onExpress(...use: express.RequestHandler[]): OpenHost {
  return onNode((app) => express().use(...use, toNodeHandler(app)) as RequestListener)
}

/** The hosts that mount the app under `/v1`. */
export const mounting: readonly (readonly [string, OpenHost])[] = (
  [
    ['app.mount of h3', (app) => toNodeHandler(new H3().mount('/v1', app))],
    ['app.mount of h3, twice', (app) => toNodeHandler(new H3().mount('/', new H3().mount('/v1', app)))],
    ['app.mount of h3, by fetch', (app) => toNodeHandler(new H3().mount('/v1', app.fetch))],
    ['app.use of h3', (app) => toNodeHandler(new H3().use('/v1', app))],
    ['withBase of h3', (app) => toNodeHandler(new H3().all('/v1/**', withBase('/v1', app)))],
    ['app.use of Express', (app) => express().use('/v1', toNodeHandler(app)) as RequestListener],
  ] satisfies [string, (app: H3) => RequestListener][]
).map(([name, toListener]) => [name, onNode(toListener, '/v1')])

/** Uses a Hono app that mounts the app under `/v1`, and passes it a `Request` without the Node request behind it. */
export const mountingHono = onNode(
  (app) => getRequestListener(new Hono().mount('/v1', (request) => app.fetch(request)).fetch),
  '/v1',
)

/** Uses a Fastify app with its compression plugin. It answers with the `Response` of the h3 app. */
export const onFastify: OpenHost = async (app) => {
  const fastify = Fastify({ forceCloseConnections: true })
  await fastify.register(fastifyCompress, { threshold: 0 })
  fastify.get('/text', (_, reply) => reply.type('text/plain').send(text))
  fastify.all('/*', async ({ method, headers, body, url, host }, reply) => {
    const hasBody = method !== 'GET' && method !== 'HEAD'
    const init = { method, headers: headers as Record<string, string>, ...(hasBody && { body: JSON.stringify(body) }) }
    return reply.send(await app.fetch(new Request(`http://${host}${url}`, init)))
  })
  return {
    url: await fastify.listen({ port: 0, host: '127.0.0.1' }),
    server: fastify.server,
    close: () => fastify.close(),
  }
}

/** Uses a Fastify app that passes on Node's request and response, with or without the body that it has read. */
export function onHijackedFastify({ leavesBody }: { leavesBody: boolean }): OpenHost {
  return async (app) => {
    const fastify = Fastify({ forceCloseConnections: true })
    const handle = toNodeHandler(app)
    fastify.all('/*', ({ raw, body }, reply) => {
      reply.hijack()
      return handle(leavesBody ? Object.assign(raw, { body }) : raw, reply.raw)
    })
    return {
      url: await fastify.listen({ port: 0, host: '127.0.0.1' }),
      server: fastify.server,
      close: () => fastify.close(),
    }
  }
}

/** Uses a Hono app with its compression middleware, on Hono's adapter for Node. */
export const onHono = onNode((app) => {
  const hono = new Hono()
  hono.use(compress({ threshold: 0, contentTypeFilter: () => true }))
  hono.get('/text', (context) => context.text(text))
  hono.all('/*', ({ req }) => app.fetch(req.raw))
  return getRequestListener(hono.fetch)
})

const text = 'text '.repeat(1_000)

/** The hosts that compress whatever they may. Each has a page `/text` of its own that may be compressed. */
export const compressing: readonly (readonly [string, OpenHost])[] = [
  [
    'Express with compression',
    onExpress(compression({ threshold: 0 }), (request, response, next) =>
      request.path === '/text' ? void response.type('text').send(text) : next(),
    ),
  ],
  ['Fastify with @fastify/compress', onFastify],
  ['Hono with hono/compress', onHono],
]
