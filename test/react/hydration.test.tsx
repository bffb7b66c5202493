// oxlint-disable-next-line import/no-unassigned-import -- it puts a page in place, before React looks for one
import './dom.ts'
// oxlint-disable-next-line import/no-unassigned-import -- it loads the code of the client before a test begins
import '../preload-client.ts'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { act } from '@testing-library/react'
import { lazy, Suspense, type ReactNode } from 'react'
import { hydrateRoot, type Root } from 'react-dom/client'
import { renderToPipeableStream } from 'react-dom/server'
import { afterEach, expect, it, vi } from 'vitest'
import { createAuthClient, type AuthClient } from '../../adapters/browser/index.ts'
import type { AuthView } from '../../machines/index.ts'
import { Authenticated, AuthLoading, AuthProvider, useAuthState, useWhenChecked } from '../../react/index.ts'
import { createSignedInView } from './signed-in-view.ts'

const second = 1_000
const signedIn = createSignedInView(Date.now(), Date.now() + 600 * second)
const createClient = (initialView: AuthView | undefined): AuthClient =>
  createAuthClient({ fetch: () => new Promise(() => {}), ...(initialView && { initialView }) })

function Whole({ children }: { readonly children: ReactNode }) {
  const view = useAuthState()
  return (
    <main>
      <b>{view.userId ?? 'nobody'}</b>
      <Suspense fallback={<i>fallback</i>}>{children}</Suspense>
    </main>
  )
}
function Selected({ children }: { readonly children: ReactNode }) {
  const userId = useAuthState((view) => view.userId)
  return (
    <main>
      <b>{userId ?? 'nobody'}</b>
      <Suspense fallback={<i>fallback</i>}>{children}</Suspense>
    </main>
  )
}
/** Reads the view inside the boundary too. */
function Inside() {
  const userId = useAuthState((view) => view.userId)
  return (
    <>
      <u>{userId ?? 'nobody'}</u>
      <Authenticated>in</Authenticated>
      <AuthLoading>loading</AuthLoading>
    </>
  )
}

let root: Root | undefined
// The page and the server are one process here, and React warns of that.
vi.spyOn(console, 'error').mockImplementation(() => {})
const clients: AuthClient[] = []
afterEach(() => {
  act(() => root?.unmount())
  for (const client of clients.splice(0)) client.stop()
  document.body.replaceChildren()
})

async function renderOnServer(page: ReactNode): Promise<string> {
  const { pipe } = renderToPipeableStream(page)
  const stream = new PassThrough()
  pipe(stream)
  return text(stream)
}

it.each<[string, typeof Whole, AuthView | undefined]>([
  ['the whole view, with an initial view', Whole, signedIn],
  ['a part of it, with an initial view', Selected, signedIn],
  ['the whole view, without one', Whole, undefined],
  ['a part of it, without one', Selected, undefined],
])('a frame undoes nothing that still hydrates below a component that reads %s', async (_, Page, initialView) => {
  const page = (client: AuthClient, slow: ReactNode) => (
    <AuthProvider client={client}>
      <Page>{slow}</Page>
    </AuthProvider>
  )
  const container = document.createElement('div')
  document.body.append(container)
  const onServer = createClient(initialView)
  container.innerHTML = await renderOnServer(page(onServer, <Inside />))
  clients.push(onServer)
  const before = container.querySelector('u')
  expect(before?.textContent).toBe(initialView ? 'user_ada' : 'nobody')

  let load = (_module: { default: typeof Inside }) => {}
  const Slow = lazy(() => new Promise<{ default: typeof Inside }>((resolve) => (load = resolve)))
  const client = createClient(initialView)
  clients.push(client)
  const errors: unknown[] = []
  const seen = new Set<string>()
  const observer = new window.MutationObserver(() => void seen.add(container.textContent ?? ''))
  observer.observe(container, { subtree: true, childList: true, characterData: true })
  await act(async () => {
    root = hydrateRoot(container, page(client, <Slow />), { onRecoverableError: (error) => errors.push(error) })
    await new Promise((resolve) => setTimeout(resolve, 0))
  })
  // This view is of another user than the one that the server rendered.
  const view = { ...signedIn, rev: 2, userId: 'user_bob', now: Date.now() }
  await act(async () => {
    client.actor.send({ type: 'view.received', view })
    await new Promise((resolve) => setTimeout(resolve, 0))
  })
  expect(container.querySelector('u')).toBe(before)
  await act(async () => {
    load({ default: Inside })
    await new Promise((resolve) => setTimeout(resolve, 20))
  })
  observer.disconnect()
  expect(errors).toEqual([])
  expect([...seen].filter((shown) => shown.includes('fallback'))).toEqual([])
  expect(container.querySelector('u')).toBe(before)
  expect(container.querySelector('u')?.textContent).toBe('user_bob')
  expect(container.querySelector('b')?.textContent).toBe('user_bob')
})

it('first shows what the server rendered below useWhenChecked, even in a boundary outside the provider, and then the verdict', async () => {
  const Who = () => <u>{useWhenChecked().userId ?? 'nobody'}</u>
  const page = (client: AuthClient) => (
    <Suspense fallback={<i>fallback</i>}>
      <AuthProvider client={client}>
        <Who />
      </AuthProvider>
    </Suspense>
  )
  const container = document.createElement('div')
  document.body.append(container)
  const [onServer, client] = [createClient(undefined), createClient(undefined)]
  clients.push(onServer, client)
  container.innerHTML = await renderOnServer(page(onServer))
  const before = container.querySelector('u')
  expect(before?.textContent).toBe('nobody')
  const errors: unknown[] = []
  const pause = () => new Promise((resolve) => setTimeout(resolve, 20))
  await act(async () => {
    root = hydrateRoot(container, page(client), { onRecoverableError: (error) => errors.push(error) })
    await pause()
  })
  expect(container.textContent).toBe('nobody')
  await act(async () => {
    client.actor.send({ type: 'view.received', view: { ...signedIn, now: Date.now() } })
    await pause()
  })
  expect(container.querySelector('u')).toBe(before)
  expect(container.textContent).toBe('user_ada')
  expect(errors).toEqual([])
})
