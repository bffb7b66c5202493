import { renderToString } from 'react-dom/server'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { toUncheckedView, type AuthView } from '../../machines/index.ts'
import {
  AuthFailed,
  AuthLoading,
  AuthProvider,
  Authenticated,
  Unauthenticated,
  useAuthConnection,
  useAuthDegraded,
  useAuthError,
  useAuthLastError,
  useAuthRenewing,
  useAuthState,
  useWhenChecked,
} from '../../react/index.ts'
import { createClerkStore } from './clerk-store.ts'
import { createSignedInView } from './signed-in-view.ts'

const refuse = (name: string) => () => {
  throw new Error(`${name} was called`)
}

// A framework that renders ahead of time refuses these, as Next does with `cacheComponents`, because what they return
// would be kept.
beforeEach(() => {
  vi.spyOn(Date, 'now').mockImplementation(refuse('Date.now'))
  vi.spyOn(Math, 'random').mockImplementation(refuse('Math.random'))
  vi.spyOn(crypto, 'randomUUID').mockImplementation(refuse('crypto.randomUUID'))
  vi.spyOn(crypto, 'getRandomValues').mockImplementation(refuse('crypto.getRandomValues'))
})
afterEach(() => vi.restoreAllMocks())

const now = Date.parse('2026-01-01')
const unchecked = toUncheckedView(now)
const views: [string, AuthView | undefined][] = [
  ['no view', undefined],
  ['an unchecked view', unchecked],
  ['the view of a signed-out user', { ...unchecked, channel: 'n.c', rev: 1, state: 'signedOut', authChecked: true }],
]

it.each(views)('renders %s ahead of time, without clock and chance', (_, view) => {
  expect(renderPage(view)).toContain('loading')
})

it('reads the clock for the view of a signed-in user, which belongs to a moment', () => {
  const view = createSignedInView(now, now)
  expect(() => renderPage(view)).toThrow('Date.now was called')
})

const clerk = createClerkStore({ isLoaded: false, getToken: () => Promise.resolve(null) })

function renderPage(view: AuthView | undefined): string {
  return renderToString(
    <AuthProvider useAuth={clerk.useAuth} initialView={view}>
      <AuthLoading>loading</AuthLoading>
      <Authenticated>authenticated</Authenticated>
      <Unauthenticated>unauthenticated</Unauthenticated>
      <AuthFailed>failed</AuthFailed>
      <Hooks />
    </AuthProvider>,
  )
}

/** Calls every hook that reads what the client knows. */
function Hooks() {
  useAuthState()
  useAuthConnection()
  useAuthDegraded()
  useAuthError()
  useAuthLastError()
  useAuthRenewing()
  useWhenChecked()
  return null
}
