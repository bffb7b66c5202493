import type { RequestListener } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import Fastify, { type FastifyInstance } from 'fastify'
import { Hono } from 'hono'
import type { AuthServer, AuthServerOptions } from '../../adapters/h3/index.ts'
import { startServer } from './harness.ts'
import { onNode, type OpenHost } from './hosts.ts'

/** Serves an auth server in an app that does not use h3. */
type ToHost = (auth: AuthServer) => OpenHost

export async function startStandalone(toHost: ToHost, options: AuthServerOptions = {}) {
  let auth: AuthServer | undefined
  return startServer(
    options,
    (_, made) => void (auth = made),
    (app) => toHost(auth!)(app),
  )
}

type ToListener = (auth: AuthServer) => unknown

export const listening =
  (toListener: ToListener, prefix = ''): ToHost =>
  (auth) =>
    onNode(() => toListener(auth) as RequestListener, prefix)

/** Adds `/api/me`, which is for signed-in users only. */
function withRoutes<App extends express.Router>(app: App, auth: AuthServer): App {
  const router: express.Router = app
  router.all('/api/me', async (request, response) => {
    try {
      const { userId } = await auth.require(request)
      response.json({ userId })
    } catch (error) {
      const answer = auth.toResponse(error)
      response
        .status(answer.status)
        .set(Object.fromEntries(answer.headers))
        .send(await answer.text())
    }
  })
  return app
}

const inRouter = (auth: AuthServer) => withRoutes(express.Router().use(auth.node), auth)

async function openFastify(auth: AuthServer, register: (fastify: FastifyInstance) => unknown, prefix: string) {
  const fastify = Fastify({ forceCloseConnections: true })
  await fastify.register(async (scope) => void register(scope), { prefix })
  await fastify.register(
    async (scope) =>
      scope.all('/api/me', async (request, reply) => {
        try {
          return { userId: (await auth.require(request)).userId }
        } catch (error) {
          return reply.send(auth.toResponse(error))
        }
      }),
    { prefix },
  )
  return {
    url: `${await fastify.listen({ port: 0, host: '127.0.0.1' })}${prefix}`,
    server: fastify.server,
    close: () => fastify.close(),
  }
}

export const onFastify =
  (register: (fastify: FastifyInstance, auth: AuthServer) => unknown, prefix = ''): ToHost =>
  (auth) =>
  () =>
    openFastify(auth, (fastify) => register(fastify, auth), prefix)

function toHono(auth: AuthServer) {
  const hono = new Hono()
  hono.all('/auth/*', async ({ req }) => (await auth.fetch(req.raw))!)
  hono.all('/api/me', async ({ req, json }) => {
    try {
      return json({ userId: (await auth.require(req.raw)).userId })
    } catch (error) {
      return auth.toResponse(error)
    }
  })
  return hono
}

export const standalone: readonly (readonly [string, ToHost])[] = [
  ['Express, at the top', listening((auth) => withRoutes(express().use(auth.node), auth))],
  ['Express, at its path', listening((auth) => withRoutes(express().use('/auth', auth.node), auth))],
  [
    'Express, behind express.json()',
    listening((auth) => withRoutes(express().use(express.json()).use(auth.node), auth)),
  ],
  ['Express, in a router under a prefix', listening((auth) => express().use('/v1', inRouter(auth)), '/v1')],
  [
    'Express, at its path in a router under a prefix',
    listening((auth) => express().use('/v1', withRoutes(express.Router().use('/auth', auth.node), auth)), '/v1'),
  ],
  [
    'Express, where a middleware has rewritten the URL',
    listening(
      (auth) =>
        withRoutes(
          express().use((request, _, next) => ((request.url = request.url.replace(/^\/login/, '')), next()), auth.node),
          auth,
        ),
      '/login',
    ),
  ],
  ['Fastify, at its path', onFastify((fastify, auth) => fastify.all('/auth/*', auth.node))],
  ['Fastify, under a prefix', onFastify((fastify, auth) => fastify.all('/auth/*', auth.node), '/v1')],
  [
    'Fastify, by the request of Node',
    onFastify((fastify, auth) => {
      fastify.all('/auth/*', (request, reply) => {
        reply.hijack()
        auth.node(Object.assign(request.raw, { body: request.body }), reply.raw)
      })
    }),
  ],
  ['Hono on Node', listening((auth) => getRequestListener(toHono(auth).fetch))],
  [
    'Hono on Node, mounted',
    listening((auth) => getRequestListener(new Hono().mount('/v1', toHono(auth).fetch).fetch), '/v1'),
  ],
]
