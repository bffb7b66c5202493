import { createAuthServer } from 'authchart/h3'
import type { DrivenServer, DrivenServerOptions } from 'authchart/testing'
import { H3, html, raw, serve } from 'h3'

/**
 * Serves an h3 app as a user of the package writes one, with the driver's options for its auth. With a script it also
 * serves a page.
 */
export async function serveApp(options: DrivenServerOptions, script = ''): Promise<DrivenServer> {
  const auth = createAuthServer(options)
  const app = new H3({ silent: true })
  app.register(auth.plugin)
  app.get('/main.js', (event) => {
    event.res.headers.set('content-type', 'text/javascript; charset=utf-8')
    return script
  })
  app.get('/', () =>
    html(
      raw('<!doctype html><meta charset="utf-8"><div id="root"></div><script type="module" src="/main.js"></script>'),
    ),
  )
  const server = serve(app, { port: 0, hostname: '127.0.0.1', silent: true, gracefulShutdown: false })
  await server.ready()
  return {
    endpoint: `${(server.url ?? '').replace(/\/$/, '')}/auth`,
    async close() {
      await auth.close({ timeout: 0 })
      await server.close(true)
    },
  }
}
