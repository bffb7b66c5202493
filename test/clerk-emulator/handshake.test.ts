import { createClerkClient } from '@clerk/backend'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClerkEmulator, type ClerkEmulator } from '../kit/index.ts'

const page = 'http://localhost:3000/dashboard?tab=1'
let clerk: ClerkEmulator
/** The cookies of the app's origin and of the emulator's. */
let jar: Map<string, string>

beforeEach(async () => {
  jar = new Map()
  clerk = await createClerkEmulator({ users: [{ id: 'user_ada', email: 'ada@example.test' }] })
})
afterEach(() => clerk.close())

function keep(headers: Headers): void {
  for (const line of headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (/max-age=0/i.test(line)) jar.delete(name)
    else jar.set(name, value)
  }
}
const cookie = () => [...jar].map((pair) => pair.join('=')).join('; ')

/** Opens the page as a browser does, through the middleware that Clerk's server packages are made of. */
async function open() {
  const { publishableKey, secretKey, apiUrl, frontendApiUrl: proxyUrl } = clerk
  const middleware = createClerkClient({ publishableKey, secretKey, apiUrl, telemetry: { disabled: true } })
  let url = page
  for (const visited: string[] = []; visited.length < 6; visited.push(url)) {
    const request = new Request(url, {
      headers: { cookie: cookie(), accept: 'text/html', 'sec-fetch-dest': 'document' },
    })
    const state = await middleware.authenticateRequest(request, { proxyUrl })
    keep(state.headers)
    const location = state.headers.get('location')
    if (!location) return { url, userId: state.toAuth()?.userId, visited }
    const isHandshake = location.startsWith(proxyUrl)
    const answer = isHandshake && (await fetch(location, { redirect: 'manual', headers: { cookie: cookie() } }))
    url = (answer && answer.headers.get('location')) || location
  }
  throw new Error('The browser was sent back and forth')
}

describe('the handshake with the real middleware of Clerk', () => {
  it('gives a new browser what the middleware asks for, once', async () => {
    const first = await open()
    expect([first.url, first.userId]).toEqual([page, null])
    expect(first.visited).toHaveLength(2)
    expect((await open()).visited).toEqual([])
  })

  it('brings a signed-in browser whose token is missing back with a token', async () => {
    jar.set('__client', clerk.clientCookie(clerk.createSession('user_ada')))
    expect(await open()).toMatchObject({ url: page, userId: 'user_ada' })
    expect((await open()).visited).toEqual([])
  })

  it('tells the middleware of a session that was revoked', async () => {
    const session = clerk.createSession('user_ada')
    jar.set('__client', clerk.clientCookie(session))
    await open()
    clerk.revokeSession(session)
    for (const name of jar.keys()) if (name.startsWith('__session')) jar.delete(name)
    expect(await open()).toMatchObject({ url: page, userId: null })
  })

  it.each(['https://stranger.example.test/', 'no address', ''])('sends no token to «%s»', async (to) => {
    const answer = await fetch(`${clerk.frontendApiUrl}/v1/client/handshake?redirect_url=${encodeURIComponent(to)}`, {
      redirect: 'manual',
    })
    expect([answer.status, (await answer.json()).errors[0].code]).toEqual([400, 'url_not_allowed'])
  })
})
