import type { RequestListener } from 'node:http'
import { createAuthServer, type AuthServerOptions } from 'authchart/h3'
import type { ClerkEmulator } from 'authchart/testing'
import { H3, html, raw, toNodeHandler } from 'h3'
import { listenOnLoopback, type LoopbackServer } from '../kit/clerk-emulator/loopback-server.ts'
import type { PageSettings } from './page/page-contract.ts'
import { createWireTap, type WireTap } from './wire-tap.ts'

export type AuthServer = ReturnType<typeof createAuthServer>

export interface AppServerOptions {
  readonly clerk: ClerkEmulator
  /** The bundled page. */
  readonly script: string
  readonly page?: Partial<Pick<PageSettings, 'inspect' | 'hasRouter' | 'apiHost' | 'client'>>
  readonly auth?: AuthServerOptions
  /**
   * Builds the page's Content-Security-Policy from the origin of Clerk. Its inline script has the nonce `settings`.
   * Default: no policy.
   */
  readonly toPolicy?: (clerk: string) => string
}

/** An app as a user of the package writes it: one server with a page and the auth plugin. Clerk is elsewhere. */
export interface AppServer {
  readonly url: string
  /** The current auth server. A restart creates another one. */
  readonly auth: AuthServer
  readonly tap: WireTap
  /** Every line logged so far, with its level. */
  readonly logged: readonly string[]
  /**
   * Stops the server and starts it on the same port without any stored state. A planned stop tells the browsers; a
   * crash does not.
   */
  restart(how: 'planned' | 'crash'): Promise<void>
  close(): Promise<void>
}

export async function startAppServer(options: AppServerOptions): Promise<AppServer> {
  const tap = createWireTap()
  const logged: string[] = []
  let app: { auth: AuthServer; handler: RequestListener }
  const listen = (port: number) =>
    listenOnLoopback(
      tap.wrap((request, response) => app.handler(request, response)),
      'localhost',
      port,
    )
  let server: LoopbackServer = await listen(0)
  const { port } = server
  const url = `http://localhost:${port}`
  const start = () => createApp({ ...options, url, log: (line) => logged.push(line) })
  app = start()

  return {
    url,
    tap,
    logged,
    get auth() {
      return app.auth
    },
    async restart(how) {
      const before = app.auth
      if (how === 'planned') await before.close({ timeout: 1_000 })
      await server.close()
      if (how === 'crash') await before.close({ timeout: 0 })
      app = start()
      server = await listen(port)
    },
    async close() {
      await app.auth.close({ timeout: 0 })
      await server.close()
    },
  }
}

function createApp({
  clerk,
  script,
  page,
  auth,
  url,
  log,
  toPolicy,
}: AppServerOptions & { url: string; log: LogLine }) {
  const toLine = (level: string) => (code: string, details?: object) =>
    log(`${level} ${code} ${JSON.stringify(details)}`)
  const authServer = createAuthServer({
    clerk: { secretKey: clerk.secretKey, publishableKey: clerk.publishableKey, apiUrl: clerk.apiUrl },
    logger: { debug: toLine('debug'), info: toLine('info'), warn: toLine('warn'), error: toLine('error') },
    ...(page?.apiHost && { allowedOrigins: [url] }),
    ...auth,
    claims: { authorizedParties: [url], ...auth?.claims },
  })
  const settings: PageSettings = {
    clerkProps: { ...clerk.providerProps, clerkJSUrl: clerk.clerkJSUrl },
    inspect: false,
    hasRouter: false,
    ...page,
  }
  const app = new H3()
  app.register(authServer.plugin)
  app.get('/main.js', (event) => {
    event.res.headers.set('content-type', 'text/javascript; charset=utf-8')
    return script
  })
  app.get('/favicon.ico', (event) => {
    event.res.status = 204
    return ''
  })
  app.get('/**', (event) => {
    if (toPolicy) event.res.headers.set('content-security-policy', toPolicy(clerk.url))
    return html(
      raw(`<!doctype html><html lang="en"><meta charset="utf-8"><title>App</title><div id="root"></div>
<script nonce="settings">window.pageSettings = ${JSON.stringify(settings)}</script><script type="module" src="/main.js"></script></html>`),
    )
  })
  return { auth: authServer, handler: toNodeHandler(app) as RequestListener }
}

type LogLine = (line: string) => void
