import type { AuthServer } from 'authchart/h3'
import { H3, html } from 'h3'

export interface PageOptions {
  readonly auth: AuthServer
  /** The bundled `main.ts`. */
  readonly script: string
  readonly clerk: {
    /** The URL of clerk-js: `https://<Frontend API>/npm/@clerk/clerk-js@6/dist/clerk.browser.js` */
    readonly src: string
    /** The URL of Clerk's components: `https://<Frontend API>/npm/@clerk/ui@1/dist/ui.browser.js` */
    readonly ui: string
    readonly publishableKey: string
    readonly proxyUrl?: string
  }
}

/** Serves the page and the auth routes from one server, so that the client works with its default options. */
export function createPage({ auth, script, clerk }: PageOptions): H3 {
  const app = new H3()
  app.register(auth.plugin)
  app.get('/main.js', (event) => {
    event.res.headers.set('content-type', 'text/javascript; charset=utf-8')
    return script
  })
  app.get(
    '/',
    () =>
      html`<!doctype html>
        <meta charset="utf-8" />
        <title>App</title>
        <p id="who">…</p>
        <p id="error" role="alert"></p>
        <button id="retry" hidden>Try again</button>
        <button id="sign-out" hidden>Sign out</button>
        <div id="sign-in"></div>
        <script src="${clerk.ui}" crossorigin="anonymous"></script>
        <script
          src="${clerk.src}"
          crossorigin="anonymous"
          data-clerk-publishable-key="${clerk.publishableKey}"
          data-clerk-proxy-url="${clerk.proxyUrl ?? ''}"
        ></script>
        <script type="module" src="/main.js"></script>`,
  )
  return app
}
