import type { Server } from 'node:http'
import { H3, onResponse, serve, toNodeHandler, toResponse, toWebHandler, type H3Event } from 'h3'
import { onNode, type OpenHost } from './hosts.ts'

type Answer = Response | Promise<Response>

/** Makes an h3 app around another one. It answers with the result of `wrap` on the inner answer. */
const around = (wrap: (app: H3, event: H3Event) => unknown) =>
  onNode((app) => toNodeHandler(new H3().all('/**', (event) => wrap(app, event))))

const fetchAndWrap = (wrap: (response: Response) => Answer) =>
  around(async (app, event) => wrap(await app.fetch(event.req)))

const recreate = (response: Response) => new Response(response.body, response)

/** Uses h3's own server with an additional middleware. */
const withServerMiddleware =
  (wrap: (response: Response) => Answer): OpenHost =>
  async (app) => {
    const server = serve(app, {
      port: 0,
      hostname: '127.0.0.1',
      silent: true,
      gracefulShutdown: false,
      middleware: [async (_, next) => wrap(await next())],
    })
    await server.ready()
    const url = (server.url ?? '').replace(/\/$/, '')
    return { url, server: server.node?.server as Server, close: () => server.close(true) }
  }

/** A host that answers with a new response made from the inner answer, as most hosts with their own middleware do. */
export const reCreating = fetchAndWrap(recreate)

/** Hosts that touch the answer on its way out. */
export const wrapping: readonly (readonly [string, OpenHost])[] = [
  ['hands on what app.fetch gives', fetchAndWrap((response) => response)],
  ['re-creates what app.fetch gives', reCreating],
  ['re-creates what toWebHandler gives', around(async (app, event) => recreate(await toWebHandler(app)(event.req)))],
  ['gives app.fetch a request of its own', around((app, event) => app.fetch(new Request(event.req.url, event.req)))],
  ['re-creates it in a middleware of the server', withServerMiddleware(recreate)],
  [
    'sets a header in a middleware of the server',
    withServerMiddleware((response) => {
      response.headers.set('x-outer', 'yes')
      return response
    }),
  ],
  [
    'sets headers around it',
    around((app, event) => {
      event.res.headers.set('x-outer', 'yes')
      return app.fetch(event.req)
    }),
  ],
  ['answers with a clone', fetchAndWrap((response) => response.clone())],
  [
    'clones it, reads the clone and answers with the original',
    fetchAndWrap((response) => {
      const reader = response.clone().body!.getReader()
      const read = async (): Promise<void> => ((await reader.read()).done ? undefined : read())
      void read().catch(() => {})
      return response
    }),
  ],
  [
    'looks at the body and answers with the original',
    fetchAndWrap((response) => {
      if (!response.body) throw new Error('there is no body')
      return response
    }),
  ],
  [
    'sends the body through a transform',
    fetchAndWrap((response) => new Response(response.body!.pipeThrough(new TransformStream()), response)),
  ],
  [
    'splits the body and drops one half',
    fetchAndWrap((response) => {
      const [kept, dropped] = response.body!.tee()
      void dropped.cancel()
      return new Response(kept, response)
    }),
  ],
]

type Extend = (app: H3) => void

/** Middlewares of the same app that change the answers of later handlers. */
export const middlewares: readonly (readonly [string, Extend])[] = [
  ['onResponse that sets a header', (app) => app.use(onResponse((response) => response.headers.set('x-outer', 'yes')))],
  ['onResponse that re-creates the answer', (app) => app.use(onResponse(recreate))],
  [
    'onResponse that clones the answer',
    (app) => app.use(onResponse((response) => void response.clone().body?.cancel())),
  ],
  [
    'one that re-creates what next gives',
    (app) =>
      app.use(async (_, next) => {
        const response = (await next()) as Response
        return typeof response === 'string' ? response : new Response(response.body, response)
      }),
  ],
  [
    "one that gives Node's own Response what next gives",
    (app) => app.use(async (_, next) => new Response((await next()) as BodyInit)),
  ],
  [
    'one that makes a response of what next gives',
    (app) => app.use(async (event, next) => toResponse(await next(), event)),
  ],
  [
    'one that sets a header and a cookie after next',
    (app) =>
      app.use(async (event, next) => {
        const answer = await next()
        event.res.headers.set('x-outer', 'yes')
        return answer
      }),
  ],
]
