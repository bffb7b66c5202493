import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { build } from 'vite'
import { onTestFinished } from 'vitest'
import { eventually, startServer } from '../h3/harness.ts'

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** Bundles the client, the inspector, and Stately's own receiver, each as a module for a browser. */
export async function bundleModules(): Promise<Map<string, string>> {
  const result = await build({
    root: at('.'),
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: false,
      modulePreload: false,
      lib: {
        entry: {
          client: at('adapters/browser/index.ts'),
          inspector: at('adapters/inspector/index.ts'),
          stately: createRequire(import.meta.url).resolve('@statelyai/inspect'),
        },
        formats: ['es'],
      },
    },
  })
  const outputs = [result].flat().flatMap((each) => ('output' in each ? each.output : []))
  return new Map(outputs.map((each) => [`/${each.fileName}`, each.type === 'chunk' ? each.code : '']))
}

/** A page that signs in and out. It sets `window.done` when the server has confirmed that. */
const appPage = `<!doctype html><title>App</title><iframe></iframe><script type="module">
  import { createAuthClient } from '/client.js'
  import { createStatelyInspector } from '/inspector.js'
  const iframe = document.querySelector('iframe')
  const stately = await createStatelyInspector({ url: new URL('/receiver', location).href, iframe })
  const client = createAuthClient({ inspect: stately.inspect })
  client.start()
  const getToken = async () => (await (await fetch('/token')).json()).token
  const ada = { userId: 'user_ada', sessionId: 'sess_ada', orgId: 'org_engines', orgRole: 'org:admin' }
  const until = (isSignedIn) =>
    new Promise((resolve) => {
      client.subscribe((view) => view.authChecked && view.isSignedIn === isSignedIn && resolve())
    })
  client.setIdentity({ isLoaded: true, isSignedIn: true, ...ada, getToken })
  await until(true)
  client.setIdentity({ isLoaded: true, isSignedIn: false, getToken })
  await until(false)
  window.done = true
</script>`

/** A page that shows the output of Stately's own receiver for the posted messages, and all posted messages. */
export const receiverPage = `<!doctype html><script type="module">
  window.received = []
  window.understood = []
  addEventListener('message', ({ data }) => received.push(JSON.stringify(data)))
  const { createBrowserReceiver } = await import('/stately.js')
  createBrowserReceiver().subscribe((event) => understood.push(event.type))
</script>`

/**
 * Opens a page whose client signs in, renews and signs out. The Stately inspector is in a frame of the page, where
 * Stately's own receiver takes its place.
 *
 * @returns the messages posted to that frame, as text, and the tokens used
 */
export async function openStatelyPage(browser: Browser) {
  const modules = await bundleModules()
  const html = (body: string) => new Response(body, { headers: { 'content-type': 'text/html' } })
  const tokens: string[] = []
  const server = await startServer({}, (app) => {
    app.get('/', () => html(appPage))
    app.get('/receiver', () => html(receiverPage))
    app.get('/token', () => {
      const claims = {
        email: 'ada@private.example',
        nickname: 'the-countess',
        o: { id: 'org_engines', rol: 'admin', slg: 'secret-slug' },
      }
      const token = server.mint({ sub: 'user_ada', sid: 'sess_ada', ...claims })
      tokens.push(token)
      return { token }
    })
    for (const [path, code] of modules) {
      app.get(path, () => new Response(code, { headers: { 'content-type': 'text/javascript' } }))
    }
  })

  const page = await browser.newPage()
  onTestFinished(() => page.close())
  await page.goto(server.url)
  await page.waitForFunction('window.done')
  const frame = page.frames().find((each) => each.url().endsWith('/receiver'))!
  const read = (name: 'received' | 'understood') => frame.evaluate<string[]>(`window.${name}`)
  const isOver = async () => (await read('received')).some((message) => message.includes('"session":"signedOut"'))
  await eventually(isOver, 'the last state')
  return { posted: await read('received'), understood: await read('understood'), tokens }
}
