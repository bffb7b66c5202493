import { type IncomingMessage, type RequestListener, type Server, createServer } from 'node:http'
import { serve, type H3 } from 'h3'
import type { HubStats } from '../../../adapters/h3/index.ts'

/** The settings of every contender. All use the same Clerk instance and accept the tokens of one app. */
export interface ContenderOptions {
  readonly jwks: { readonly keys: readonly object[] }
  /** The only key in `jwks`, as PEM. */
  readonly jwtKey: string
  readonly issuer: string
  readonly party: string
  /** The server's clock, epoch ms. Default: the real one. */
  readonly now?: number
  readonly webhookSecret?: string
  /** Where the product fetches the keys, in place of `jwks`. */
  readonly jwksUrl?: string
  /** The Redis in which the product stores the sessions. Default: its memory. */
  readonly redisUrl?: string
  /** Notes when each check of a token ends, for the rows about waiting. */
  readonly timesChecks?: boolean
  /** Loads the inspector's module without turning it on. */
  readonly loadsInspector?: boolean
}

export interface Contender {
  /** The server, which already listens. */
  readonly server: Server
  readonly stats?: () => HubStats
}

export type StartContender = (options: ContenderOptions) => Promise<Contender>

export const sseHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
}

/** The name of the session cookie. The peers keep a session by a cookie, as the product does. */
export const cookieName = 'authchart'
export const toSetCookie = (id: string) => `${cookieName}=${id}; HttpOnly; Path=/; SameSite=Lax`

const cookiePattern = new RegExp(`(?:^|; )${cookieName}=([\\w-]+)`)
/** Returns the id in the session cookie of a request, for the contenders by hand. */
export const toCookieId = ({ headers }: IncomingMessage) => headers.cookie?.match(cookiePattern)?.[1]

/** Returns a view, given as JSON, as a frame of the stream. */
export const toViewFrame = (rev: number, json: string) => `event: view\nid: ${rev}\ndata: ${json}\n\n`

/** Returns the token of a stream's request. A request with a token gets a signed-in first frame. */
export const toBearer = (authorization: string | null | undefined) => authorization?.slice('Bearer '.length)

/**
 * How many connections the kernel takes in before the process does. With Node's 511 it drops and resets the connections
 * of a storm.
 */
const backlog = 4_096

export async function listen(handle: RequestListener): Promise<Server> {
  const server = createServer(handle)
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog }, resolve))
  return server
}

/** Calls back with the token in a request's body, once the body has arrived. */
export function readToken(request: IncomingMessage, done: (token: string) => void): void {
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (chunk: string) => (body += chunk))
  request.on('end', () => done((JSON.parse(body) as { token: string }).token))
}

export async function serveApp(app: H3): Promise<Server> {
  const server = serve(app, {
    port: 0,
    hostname: '127.0.0.1',
    node: { backlog, exclusive: false },
    silent: true,
    gracefulShutdown: false,
  })
  await server.ready()
  return server.node?.server as Server
}
