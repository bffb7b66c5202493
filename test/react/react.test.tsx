// oxlint-disable-next-line import/no-unassigned-import -- it puts a page in place, before React looks for one
import './dom.ts'
// oxlint-disable-next-line import/no-unassigned-import -- it loads the code of the client before a test begins
import '../preload-client.ts'
import { act, cleanup, render, screen } from '@testing-library/react'
import { Component, StrictMode, type ReactNode } from 'react'
import { renderToString } from 'react-dom/server'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { SimulatedClock, waitFor } from 'xstate'
import { createAuthClient, type AuthClient, type AuthView } from '../../adapters/browser/index.ts'
import { toUncheckedView } from '../../machines/index.ts'
import {
  AuthFailed,
  AuthLoading,
  AuthProvider,
  Authenticated,
  Unauthenticated,
  useAuthClient,
  useAuthState,
  useAuthStatus,
} from '../../react/index.ts'
import { createBrowser } from '../client/browser.ts'
import { mintToken, startServer } from '../client/real-server.ts'
import { createClerkStore } from './clerk-store.ts'

const ada = { userId: 'user_ada', sessionId: 'sess_1', orgId: null, orgRole: null }
const loading = { isLoaded: false, getToken: () => Promise.resolve(null) }
const signedOut = { isLoaded: true, isSignedIn: false, getToken: () => Promise.resolve(null) }
const signedIn = { isLoaded: true, isSignedIn: true, ...ada, getToken: () => mintToken(ada) }

let server: Awaited<ReturnType<typeof startServer>>
let browser: ReturnType<typeof createBrowser>
beforeEach(async () => {
  server = await startServer()
  browser = createBrowser(server.origin)
})
afterEach(async () => {
  cleanup()
  await server.close()
})

/** Creates a page that records what it shows and gives the test its client. */
function createPage() {
  const shown: string[] = []
  let client: AuthClient | undefined
  const Note = ({ name }: { name: string }) => {
    if (shown.at(-1) !== name) shown.push(name)
    return <p>{name}</p>
  }
  function Page({ children }: { children?: ReactNode }) {
    client = useAuthClient()
    return (
      <>
        <Authenticated>
          <Note name="authenticated" />
        </Authenticated>
        <Unauthenticated>
          <Note name="unauthenticated" />
        </Unauthenticated>
        <AuthLoading>
          <Note name="loading" />
        </AuthLoading>
        <AuthFailed>
          <Note name="failed" />
        </AuthFailed>
        {children}
      </>
    )
  }
  return {
    Page,
    shown,
    client: () => client as AuthClient,
    /** Waits for the view while React is kept up to date. */
    until: (predicate: (view: AuthView) => boolean) =>
      act(() => waitFor((client as AuthClient).actor, ({ context }) => predicate(context.view), { timeout: 10_000 })),
    atRest: (session: 'confirmed' | 'signedOut' | 'degraded') =>
      act(() =>
        waitFor((client as AuthClient).actor, (snapshot) => snapshot.matches({ session }), { timeout: 10_000 }),
      ),
  }
}

it('shows loading, the sign-in page, loading, the app, and the sign-in page again: never two at once', async () => {
  const clerk = createClerkStore(loading)
  const { Page, shown, until, atRest } = createPage()
  render(
    <AuthProvider useAuth={clerk.useAuth} fetch={browser.fetch}>
      <Page />
    </AuthProvider>,
  )
  expect(shown).toEqual(['loading'])
  act(() => clerk.set(signedOut))
  await until(({ state }) => state === 'signedOut')
  act(() => clerk.set(signedIn))
  await atRest('confirmed')
  expect(screen.getAllByText(/./)).toHaveLength(1)
  expect(screen.getByText('authenticated')).toBeTruthy()
  act(() => clerk.set(signedOut))
  await until(({ state }) => state === 'signedOut')
  expect(shown).toEqual(['loading', 'unauthenticated', 'loading', 'authenticated', 'loading', 'unauthenticated'])
})

it('under StrictMode runs one actor, opens one stream and posts once', async () => {
  const clerk = createClerkStore(signedIn)
  const { Page, client, atRest } = createPage()
  const clients = new Set<AuthClient>()
  const { unmount } = render(
    <StrictMode>
      <AuthProvider useAuth={clerk.useAuth} fetch={browser.fetch}>
        <Page />
      </AuthProvider>
    </StrictMode>,
  )
  clients.add(client())
  await atRest('confirmed')
  clients.add(client())
  expect(clients.size).toBe(1)
  expect(browser.streams()).toBe(1)
  expect(browser.posts()).toHaveLength(1)
  expect(server.auth.stats().sessions).toBe(1)
  const { actor } = client()
  unmount()
  expect(actor.getSnapshot().value).toEqual({ poll: 'off', stream: 'closed', session: 'waitingForClerk' })
})

it('renders again only if the selected value changes', async () => {
  const clerk = createClerkStore(signedIn)
  const { Page, until, client } = createPage()
  const renders = { userId: 0, view: 0, status: 0 }
  function UserId() {
    renders.userId++
    return <b>{useAuthState((view) => view.userId) ?? 'nobody'}</b>
  }
  function View() {
    renders.view++
    return <i>{useAuthState().state}</i>
  }
  function Status() {
    renders.status++
    return <u>{useAuthStatus()}</u>
  }
  render(
    <AuthProvider useAuth={clerk.useAuth} fetch={browser.fetch}>
      <Page>
        <UserId />
        <View />
        <Status />
      </Page>
    </AuthProvider>,
  )
  await until(({ isSignedIn }) => isSignedIn)
  const before = { ...renders }
  const { view } = client()
  act(() => client().actor.send({ type: 'ping.received', now: Date.now() }))
  expect(renders).toEqual(before)
  act(() => client().actor.send({ type: 'view.received', view: { ...view, rev: view.rev + 1 } }))
  expect(renders).toEqual({ ...before, view: before.view + 1 })
  expect(renders.userId).toBe(2)
})

it('compares with a function of yours, if there is one', async () => {
  const clerk = createClerkStore(signedIn)
  const { Page, until } = createPage()
  let renders = 0
  function Pair() {
    renders++
    const pair = useAuthState(
      ({ userId, sessionId }) => [userId, sessionId],
      (a, b) => a.join() === b.join(),
    )
    return <b>{pair.join()}</b>
  }
  render(
    <AuthProvider useAuth={clerk.useAuth} fetch={browser.fetch}>
      <Page>
        <Pair />
      </Page>
    </AuthProvider>,
  )
  await until(({ isSignedIn }) => isSignedIn)
  expect(screen.getByText('user_ada,sess_1')).toBeTruthy()
  expect(renders).toBe(2)
})

it('uses a client of your own: started, never stopped, usable without useAuth', async () => {
  const client = createAuthClient({ fetch: browser.fetch })
  const { Page, atRest } = createPage()
  const { unmount } = render(
    <StrictMode>
      <AuthProvider client={client}>
        <Page />
      </AuthProvider>
    </StrictMode>,
  )
  client.setIdentity(signedIn)
  await atRest('confirmed')
  expect(screen.getByText('authenticated')).toBeTruthy()
  unmount()
  expect(client.actor.getSnapshot().matches({ session: 'confirmed' })).toBe(true)
  expect(browser.streams()).toBe(1)
  client.stop()
})

it('stops using a client of yours that is no longer given, and starts using one that comes later', async () => {
  const clerk = createClerkStore(signedOut)
  const given = createAuthClient({ fetch: browser.fetch })
  const stopped = vi.spyOn(given, 'stop')
  const { Page, client, atRest } = createPage()
  const renderWith = (which: AuthClient | undefined) =>
    which ? (
      <AuthProvider client={which} useAuth={clerk.useAuth}>
        <Page />
      </AuthProvider>
    ) : (
      <AuthProvider useAuth={clerk.useAuth} fetch={browser.fetch}>
        <Page />
      </AuthProvider>
    )
  const { rerender, unmount } = render(renderWith(given))
  expect(client()).toBe(given)
  rerender(renderWith(undefined))
  const own = client()
  expect(own).not.toBe(given)
  await atRest('signedOut')
  rerender(renderWith(given))
  expect(client()).toBe(given)
  expect(own.actor.getSnapshot().matches({ stream: 'closed' })).toBe(true)
  rerender(renderWith(undefined))
  expect(client()).toBe(own)
  unmount()
  expect(own.actor.getSnapshot().matches({ stream: 'closed' })).toBe(true)
  expect(stopped).not.toHaveBeenCalled()
  given.stop()
})

it('shows nobody after the end of the view, even if the server refuses the stream', async () => {
  const clerk = createClerkStore(signedIn)
  const clock = new SimulatedClock()
  const began = Date.now()
  const now = () => began + clock.now()
  const { Page, until, client, shown } = createPage()
  const Who = () => <b>{useAuthState((view) => view.userId) ?? 'nobody'}</b>
  let isRefused = false
  const refuse = () => {
    const problem = { code: 'origin-rejected', detail: 'The origin is not allowed', retryable: false }
    return Response.json(problem, { status: 403, headers: { 'content-type': 'application/problem+json' } })
  }
  const fetch = (async (...request) => (isRefused ? refuse() : browser.fetch(...request))) as typeof globalThis.fetch
  render(
    <AuthProvider useAuth={clerk.useAuth} fetch={fetch} clock={clock} now={now} random={() => 0}>
      <Page>
        <Who />
      </Page>
    </AuthProvider>,
  )
  const { context } = await until(({ isSignedIn }) => isSignedIn)
  isRefused = true
  act(() => client().actor.send({ type: 'stream.ended', reason: 'closing' }))
  act(() => clock.increment(1_000))
  await act(() => waitFor(client().actor, (snapshot) => snapshot.matches({ stream: 'closed' })))
  expect([shown.at(-1), screen.getByText('user_ada').textContent]).toEqual(['authenticated', 'user_ada'])
  act(() => clock.increment((context.view.expiresAt ?? 0) + 58_000 - now()))
  expect([shown.at(-1), screen.getByText('user_ada').textContent]).toEqual(['authenticated', 'user_ada'])
  act(() => clock.increment(3_000))
  expect([shown.at(-1), screen.getByText('nobody').textContent]).toEqual(['failed', 'nobody'])
})

it('shows failed if the server refuses the page, and tries again on request', async () => {
  const clerk = createClerkStore(signedIn)
  const { Page, shown, atRest, client } = createPage()
  let isRefused = true
  const stranger = createBrowser(server.origin, { origin: 'https://evil.example' })
  const fetch = ((...request) => (isRefused ? stranger : browser).fetch(...request)) as typeof globalThis.fetch
  render(
    <AuthProvider useAuth={clerk.useAuth} fetch={fetch}>
      <Page />
    </AuthProvider>,
  )
  await atRest('degraded')
  expect(shown).toEqual(['loading', 'failed'])
  isRefused = false
  act(() => client().retry())
  await atRest('confirmed')
  expect(shown.at(-1)).toBe('authenticated')
  expect(shown).not.toContain('unauthenticated')
})

it('asserts itself on focus, which the page reports', async () => {
  const clerk = createClerkStore(signedIn)
  const { Page, atRest, client } = createPage()
  const { unmount } = render(
    <AuthProvider useAuth={clerk.useAuth} fetch={browser.fetch}>
      <Page />
    </AuthProvider>,
  )
  await atRest('confirmed')
  const { epoch } = client().actor.getSnapshot().context
  act(() => void window.dispatchEvent(new window.Event('focus')))
  act(() => void document.dispatchEvent(new window.Event('visibilitychange')))
  act(() => void window.dispatchEvent(new window.Event('pageshow')))
  act(() => void window.dispatchEvent(new window.Event('online')))
  const { context } = client().actor.getSnapshot()
  expect(context.epoch).toBe(epoch + 2)
  unmount()
  window.dispatchEvent(new window.Event('focus'))
  expect(client().actor.getSnapshot().context.epoch).toBe(epoch + 2)
})

it('renders on a server: loading, without a request', () => {
  const clerk = createClerkStore(loading)
  const { Page } = createPage()
  const html = renderToString(
    <AuthProvider useAuth={clerk.useAuth} fetch={browser.fetch}>
      <Page />
    </AuthProvider>,
  )
  expect(html).toContain('loading')
  expect(browser.requests).toEqual([])
})

it('without a provider says how to correct that', () => {
  class Boundary extends Component<{ children: ReactNode }, { message: string }> {
    override state = { message: '' }
    static getDerivedStateFromError = (error: Error) => ({ message: error.message })
    override render() {
      return this.state.message || this.props.children
    }
  }
  const { error } = console
  console.error = () => {}
  const { container } = render(
    <Boundary>
      <Authenticated />
    </Boundary>,
  )
  console.error = error
  expect(container.textContent).toContain('<AuthProvider useAuth={useAuth}>')
  expect(container.textContent).toContain('<ClerkAuthProvider publishableKey={…}>')
})

it('a component is tested without a server, as docs/testing.md has it', () => {
  const blank = toUncheckedView(Date.now())
  const proof = { ...ada, expiresAt: Date.now() + 60_000 }
  const show = (view: AuthView, clerk: typeof loading | typeof signedOut) => {
    const { container, unmount } = render(
      <AuthProvider useAuth={() => clerk} initialView={view} fetch={() => new Promise(() => {})}>
        <Authenticated>in</Authenticated>
        <Unauthenticated>out</Unauthenticated>
        <AuthLoading>wait</AuthLoading>
      </AuthProvider>,
    )
    const { textContent } = container
    unmount()
    return textContent
  }
  expect(show({ ...blank, state: 'signedIn', authChecked: true, isSignedIn: true, ...proof }, loading)).toBe('in')
  expect(show({ ...blank, state: 'signedOut', authChecked: true }, signedOut)).toBe('out')
  expect(show(blank, loading)).toBe('wait')
})
