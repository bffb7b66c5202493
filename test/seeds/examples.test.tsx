// oxlint-disable-next-line import/no-unassigned-import -- it puts a page in place, before React looks for one
import '../react/dom.ts'
// oxlint-disable-next-line import/no-unassigned-import -- it loads the code of the client before a test begins
import '../preload-client.ts'
import { cleanup, render, screen } from '@testing-library/react'
import { expect, it, onTestFinished, vi } from 'vitest'
import { waitFor } from 'xstate'
import type { ClerkLike, ClerkResourcesLike } from '../../adapters/browser/index.ts'
import { createApp as createPage, Page } from '../../docs/examples/from-reflex/app.tsx'
import { logChanges } from '../../docs/examples/from-reflex/changes.ts'
import { createAuth } from '../../docs/examples/from-reflex/create-auth.ts'
import { postExpiredToken } from '../../docs/examples/from-reflex/expired-token.ts'
import { createVerifier } from '../../docs/examples/from-reflex/keys.ts'
import { createApp } from '../../docs/examples/from-reflex/server.ts'
import { createSession } from '../../docs/examples/from-reflex/session.ts'
import { startSync } from '../../docs/examples/from-reflex/sync.ts'
import { greeting } from '../../docs/examples/from-reflex/user.ts'
import { whoIsIt } from '../../docs/examples/from-reflex/who-is-it.ts'
import { AuthProvider } from '../../react/index.ts'
import { createBrowser } from '../client/browser.ts'
import { mintToken as mintClientToken, startServer as startClientServer } from '../client/real-server.ts'
import { signer, startServer } from '../h3/harness.ts'
import { createKeyEndpoint, json } from '../jose/key-endpoint.ts'
import { createClerkEmulator } from '../kit/index.ts'
import { createClerkStore } from '../react/clerk-store.ts'
import { startOnClerk } from './clerk-server.ts'

it('who-is-it.ts and changes.ts', async () => {
  const lines: string[] = []
  const server = await startServer({}, (app, auth) => {
    app.get('/who', whoIsIt(auth))
    logChanges(auth, (line) => lines.push(line))
  })
  const browser = server.browser()
  await browser.open()
  expect((await browser.get('/who')).body).toEqual({ unknown: true })
  await browser.token(server.mint({ email: 'ada@example.test' }))
  expect((await browser.get('/who')).body).toMatchObject({ hello: 'user_a', email: 'ada@example.test' })
  await browser.clear()
  expect((await browser.get('/who')).body).toMatchObject({ signedOut: true })
  expect(lines).toEqual(['token: null → user_a', 'cleared: user_a → null'])
})

it('create-auth.ts', async () => {
  const clerk = await createClerkEmulator()
  onTestFinished(() => clerk.close())
  const { secretKey, publishableKey, apiUrl } = clerk
  const auth = createAuth({ secretKey, publishableKey, apiUrl })
  onTestFinished(() => auth.close())
  expect(auth.stats()).toEqual({ sessions: 0, signedIn: 0, streams: 0 })
})

it('server.ts', async () => {
  const server = await startServer({}, (app, auth) => void app.mount('', createApp(auth)))
  const browser = server.browser()
  await browser.token(server.mint())
  expect((await browser.get('/api/dashboard')).body).toEqual({ numbers: [1, 2, 3], userId: 'user_a' })
  expect((await browser.get('/api/late')).body).toEqual({ authChecked: true, timedOut: false })
})

it('user.ts and expired-token.ts', async () => {
  const { clerk, server, mint } = await startOnClerk({}, (app, auth) => void app.get('/greeting', greeting(auth)))
  const browser = server.browser()
  await browser.token(mint())
  expect((await browser.get('/greeting')).body).toEqual({ firstName: 'Ada', email: 'ada@example.test' })
  const stranger = await server.browser().get('/greeting')
  expect(stranger.body).toEqual({ firstName: 'stranger', code: 'not-signed-in' })
  const answer = await postExpiredToken(clerk, server.url, 'ada@example.test')
  expect([answer.status, await answer.json()]).toMatchObject([401, { code: 'token-expired' }])
})

it('keys.ts and session.ts', async () => {
  const endpoint = await createKeyEndpoint(json(signer.jwks))
  onTestFinished(() => endpoint.close())
  vi.spyOn(console, 'warn').mockReturnValue()
  onTestFinished(() => void vi.restoreAllMocks())
  const { verify, close } = createVerifier(endpoint.url)
  onTestFinished(close)
  const session = createSession(verify)
  onTestFinished(() => void session.stop())
  session.setToken(signer.mint({ iss: 'https://clerk.example.test' }))
  expect(await session.checked()).toMatchObject({ isSignedIn: true, userId: 'user_a' })
  session.clear()
  expect(await session.checked()).toMatchObject({ state: 'signedOut', authChecked: true })
  session.setToken('junk')
  await expect(verify('junk')).rejects.toMatchObject({ code: 'token-malformed' })
})

const ada = { userId: 'user_ada', sessionId: 'sess_1', orgId: null, orgRole: null }

async function startClient() {
  const server = await startClientServer()
  onTestFinished(() => server.close())
  return createBrowser(server.origin)
}

it('app.tsx', async () => {
  const browser = await startClient()
  onTestFinished(cleanup)
  expect(createPage(`pk_test_${btoa('clerk.example.test$')}`).displayName).toBe('withClerkAuth(Page)')
  const clerk = createClerkStore({ isLoaded: false, getToken: () => mintClientToken(ada) })
  render(
    <AuthProvider useAuth={clerk.useAuth} fetch={browser.fetch}>
      <Page />
    </AuthProvider>,
  )
  expect(screen.getByText('One moment…')).toBeTruthy()
})

it('sync.ts', async () => {
  const browser = await startClient()
  const listeners = new Set<(resources: ClerkResourcesLike) => void>()
  const clerk: ClerkLike = {
    loaded: true,
    addListener(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
  const { client, stop } = startSync(clerk, { fetch: browser.fetch })
  onTestFinished(stop)
  const session = { id: 'sess_1', getToken: () => mintClientToken(ada) }
  for (const listener of listeners) listener({ session, user: { id: 'user_ada' } })
  await waitFor(client.actor, () => client.view.isSignedIn, { timeout: 10_000 })
  expect(client.view.userId).toBe('user_ada')
  stop()
  expect(listeners.size).toBe(0)
})
