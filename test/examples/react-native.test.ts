import { H3, serve } from 'h3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createAuthServer } from '../../adapters/h3/index.ts'
import type * as example from '../../docs/examples/react-native/client.ts'
import { appServerOptions } from '../../docs/examples/react-native/server.ts'
import { openNativeApp } from '../client/native-app.ts'
import { createClerkEmulator } from '../kit/index.ts'

const entry = new URL('../../docs/examples/react-native/client.ts', import.meta.url)
const user = { id: 'user_ada', email: 'ada@example.test' }

/** Starts the example's server, and its client in an engine that has only the features of React Native. */
async function open({ hasExpo = false, pollInterval = 500 } = {}) {
  const clerk = await createClerkEmulator({ users: [user] })
  onTestFinished(() => clerk.close())
  const { secretKey, publishableKey, apiUrl } = clerk
  const auth = createAuthServer({ clerk: { secretKey, publishableKey, apiUrl }, logger: {}, ...appServerOptions })
  const server = serve(new H3().register(auth.plugin), { port: 0, hostname: '127.0.0.1', silent: true })
  await server.ready()
  onTestFinished(async () => {
    await auth.close({ timeout: 0 })
    await server.close(true)
  })

  const native = await openNativeApp(entry, { hasExpo })
  const app = native.app as typeof example
  const client = app.createAppClient({
    url: `${server.url}auth`,
    pollInterval,
    ...(hasExpo && { fetch: native.expoFetch as never, stream: true }),
  })
  onTestFinished(() => client.stop())
  const session = clerk.createSession(user.id)
  const clerkSays = (isSignedIn: boolean) =>
    client.setIdentity({
      isLoaded: true,
      isSignedIn,
      userId: isSignedIn ? user.id : null,
      sessionId: isSignedIn ? session.id : null,
      getToken: async () => clerk.mintToken({ session, azp: null }),
    })
  const asked = (what: string) => native.requests.filter(({ method, path }) => `${method} ${path}` === what)
  return { ...native, app, auth, client, session, clerkSays, asked }
}

describe('react-native', () => {
  it("signs in, follows the server and signs out by React Native's own fetch, without a stream", async () => {
    const { client, clerkSays, auth, asked, session, cookies, complaints } = await open()
    client.start()
    clerkSays(true)
    await expect.poll(() => client.status).toBe('authenticated')
    expect(client.connection).toBe('polling')
    expect(client.view).toMatchObject({ userId: user.id, sessionId: session.id })
    expect([...cookies.keys()]).toEqual(['authchart'])
    expect(auth.stats()).toEqual({ sessions: 1, signedIn: 1, streams: 0 })
    expect(asked('GET /auth/events')).toEqual([])
    expect(asked('POST /auth/events')).toHaveLength(1)

    await auth.revoke({ sessionId: session.id })
    await expect.poll(() => client.status).toBe('failed')
    expect(client.error?.code).toBe('session-revoked')
    clerkSays(false)
    await expect.poll(() => client.status).toBe('unauthenticated')
    expect(complaints).toEqual([])
  }, 30_000)

  it('gets changes at once from a stream with the fetch of Expo', async () => {
    const { client, clerkSays, auth, asked, session, complaints } = await open({ hasExpo: true })
    client.start()
    clerkSays(true)
    await expect.poll(() => client.status).toBe('authenticated')
    expect(client.connection).toBe('live')
    expect(auth.stats()).toEqual({ sessions: 1, signedIn: 1, streams: 1 })
    await auth.revoke({ sessionId: session.id })
    await expect.poll(() => client.status).toBe('failed')
    expect(asked('GET /auth/session')).toEqual([])
    expect(complaints).toEqual([])
  }, 30_000)

  it('pauses while the app is in the background, and is signed in without another post when it comes back', async () => {
    const { app, client, clerkSays, auth, asked } = await open({ hasExpo: true })
    let tell: (state: string) => void = () => {}
    const end = app.followAppState(client, {
      currentState: 'active',
      addEventListener(_, listener) {
        tell = listener
        return { remove: () => (tell = () => {}) }
      },
    })
    clerkSays(true)
    await expect.poll(() => client.status).toBe('authenticated')
    tell('inactive')
    expect(client.connection).toBe('live')
    tell('background')
    await expect.poll(() => auth.stats().streams).toBe(0)
    tell('active')
    await expect.poll(() => client.connection).toBe('live')
    await expect.poll(() => client.status).toBe('authenticated')
    expect(asked('POST /auth/events')).toHaveLength(1)
    end()
    tell('background')
    expect(client.connection).toBe('live')
  }, 30_000)

  it('asks again when the network is back', async () => {
    const { app, client, clerkSays, asked, connection } = await open({ pollInterval: 3_000 })
    let tell: (state: { isConnected: boolean | null }) => void = () => {}
    const end = app.followNetwork(client, {
      addEventListener(listener) {
        tell = listener
        return () => (tell = () => {})
      },
    })
    client.start()
    clerkSays(true)
    await expect.poll(() => client.status).toBe('authenticated')
    connection.isDown = true
    const before = asked('GET /auth/session').length
    await expect.poll(() => asked('GET /auth/session').length).toBe(before + 1)
    await expect.poll(() => client.error?.code).toBe('network-failed')

    tell({ isConnected: false })
    expect(asked('GET /auth/session')).toHaveLength(before + 1)
    connection.isDown = false
    // Without this the client would wait for more than a second.
    tell({ isConnected: true })
    expect(asked('GET /auth/session')).toHaveLength(before + 2)
    await expect.poll(() => client.error).toBeNull()
    end()
  }, 30_000)
})
