import assert from 'node:assert/strict'
import { launchBrowser } from '../e2e/browser.ts'
import { openSse } from '../h3/sse-reader.ts'
import type { ClerkEmulator, EmulatedSession } from '../kit/index.ts'

export const steps = ['types', 'starts', 'signs in', 'streams', 'renews', 'guards', 'signs out', 'SSR', 'form'] as const
/** Those that need a page. */
export const pageSteps: readonly Step[] = ['SSR', 'form']
type Step = (typeof steps)[number]

export interface Outcome {
  readonly name: string
  readonly version: string
  readonly hasPage: boolean
  readonly done: Step[]
  failure?: string
}

interface Running {
  readonly origin: string
  readonly clerk: ClerkEmulator
  readonly outcome: Outcome
}

/** Does over HTTP what a browser does, and looks at the page in Chromium. Each step that works is pushed to `done`. */
export async function signInAndOut({ origin, clerk, outcome: { done, hasPage } }: Running): Promise<void> {
  let cookie = ''
  const keep = (header: string | null | undefined) => void (cookie = header?.split(';')[0] ?? cookie)
  async function send(path: string, body?: object) {
    const init = body && { method: 'POST', body: JSON.stringify(body) }
    const headers = { cookie, origin, 'content-type': 'application/json' }
    const answer = await fetch(origin + path, { ...init, headers })
    keep(answer.headers.get('set-cookie'))
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
  async function open() {
    const stream = await openSse(`${origin}/auth/events`, { cookie })
    keep(stream.headers['set-cookie']?.[0])
    return stream
  }
  const session = clerk.createSession('user_ada')
  const post = () => send('/auth/events', { type: 'token.received', token: clerk.mintToken({ session }) })

  const anonymous = await open()
  assert.equal((await anonymous.view()).state, 'unchecked')
  const refused = await send('/api/me')
  assert.deepEqual([refused.status, refused.body['code']], [401, 'not-signed-in'])
  assert.equal((await post()).body['userId'], 'user_ada')
  done.push('signs in')
  anonymous.close()
  const stream = await open()
  const { rev } = await stream.viewWhere(({ isSignedIn }) => isSignedIn)
  done.push('streams')
  await post()
  await stream.viewWhere((view) => view.isSignedIn && view.rev > rev)
  done.push('renews')
  assert.deepEqual(await send('/api/me'), { status: 200, body: { userId: 'user_ada', orgId: null } })
  done.push('guards')
  if (hasPage) {
    await readPage({ origin, cookie, clerk, session })
    done.push('SSR')
  }
  await send('/auth/events', { type: 'session.cleared' })
  await stream.viewWhere(({ state }) => state === 'signedOut')
  assert.equal((await send('/api/me')).status, 401)
  done.push('signs out')
  stream.close()
}

interface SignedIn {
  readonly origin: string
  /** The cookie of the auth server. */
  readonly cookie: string
  readonly clerk: ClerkEmulator
  readonly session: EmulatedSession
}

/** The page has the user in its HTML, and keeps them through hydration without a complaint. */
async function readPage({ origin, cookie, clerk, session }: SignedIn): Promise<void> {
  const answer = await fetch(origin, { headers: { cookie } })
  assert.match(await answer.text(), /<p id="who"[^>]*>(<!--.*?-->)?user_ada/)
  const browser = await launchBrowser()
  try {
    const context = await browser.newContext()
    const [name = '', value = ''] = cookie.split('=')
    // The prefix of the cookie's name asks for `Secure`, which Chromium also sends to http://localhost.
    await context.addCookies([
      { name, value, url: origin.replace('http:', 'https:'), secure: true },
      { name: '__client', value: clerk.clientCookie(session), url: clerk.url },
    ])
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (message) => {
      if (/hydrat/i.test(message.text())) complaints.push(message.text())
    })
    // The stream is the first thing that only a page which has hydrated asks for.
    const streamed = page.waitForRequest((request) => new URL(request.url()).pathname === '/auth/events')
    await page.route(`${clerk.frontendApiUrl}/npm/**`, (route) => route.abort())
    await page.goto(origin)
    await streamed
    assert.equal(await page.locator('#who').textContent(), 'user_ada')
    assert.deepEqual(complaints, [])
  } finally {
    await browser.close()
  }
}
