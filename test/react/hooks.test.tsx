// oxlint-disable-next-line import/no-unassigned-import -- it puts a page in place, before React looks for one
import './dom.ts'
// oxlint-disable-next-line import/no-unassigned-import -- it loads the code of the client before a test begins
import '../preload-client.ts'
import { act, cleanup, render, screen } from '@testing-library/react'
import { Suspense } from 'react'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createAuthClient, type AuthChange, type AuthClient } from '../../adapters/browser/index.ts'
import { toUncheckedView, type AuthView } from '../../machines/index.ts'
import {
  Authenticated,
  AuthFailed,
  AuthLoading,
  AuthProvider,
  Unauthenticated,
  useAuthConnection,
  useAuthDegraded,
  useAuthError,
  useAuthLastError,
  useAuthMatches,
  useAuthRenewing,
  useAuthState,
  useAuthStatus,
  useOnAuthChange,
  useWhenChecked,
} from '../../react/index.ts'

const ada = { userId: 'user_ada', sessionId: 'sess_1', orgId: null, orgRole: null }
const second = 1_000
/** The longest time for a render on a busy machine. */
const patience = { timeout: 30_000 }

let client: AuthClient
let renders: Record<string, number>
const count = (name: string) => void (renders[name] = (renders[name] ?? 0) + 1)

beforeEach(() => {
  renders = {}
  // This stream sends nothing, because the tests set the views themselves.
  client = createAuthClient({ fetch: () => new Promise(() => {}) })
})
afterEach(() => {
  cleanup()
  client.stop()
})

let rev = 0
function show(part: Partial<AuthView>) {
  rev += 1
  const view = { ...toUncheckedView(Date.now()), channel: 'n.c', rev, ...part }
  act(() => client.actor.send({ type: 'view.received', view }))
}
const signedIn = (expiresAt = Date.now() + 60 * second): Partial<AuthView> => ({
  ...ada,
  state: 'signedIn',
  isSignedIn: true,
  authChecked: true,
  expiresAt,
})
function signIn() {
  show(signedIn())
  act(() => client.setIdentity({ isLoaded: true, isSignedIn: true, ...ada, getToken: () => new Promise(() => {}) }))
}

it('does not render again over 50 renewals and 200 reconnects if a selector makes equal values', () => {
  function ByObject() {
    count('object')
    const { userId, orgId } = useAuthState(({ userId, orgId }) => ({ userId, orgId }))
    return (
      <p>
        {userId} {orgId}
      </p>
    )
  }
  function ByHook() {
    count('hook')
    useOnAuthChange(() => count('change'))
    return (
      <p>
        {useAuthStatus()} {String(useAuthMatches('signedIn'))} {useAuthError()?.code} {useAuthDegraded()?.code}
      </p>
    )
  }
  function Inside() {
    count('inside')
    return <p>inside</p>
  }
  render(
    <AuthProvider client={client}>
      <ByObject />
      <ByHook />
      <Authenticated>
        <Inside />
      </Authenticated>
    </AuthProvider>,
  )
  signIn()
  const before = { ...renders }
  expect(screen.getByText('inside')).toBeTruthy()
  for (let renewal = 1; renewal <= 50; renewal++) show(signedIn(Date.now() + (60 + renewal) * second))
  for (let reconnect = 0; reconnect < 200; reconnect++) {
    act(() => {
      client.actor.send({ type: 'stream.ended', reason: 'rotated' })
      client.actor.send({ type: 'network.online' })
    })
    show(signedIn(Date.now() + 120 * second))
  }
  expect(renders).toEqual(before)
})

it('shows a fallback, and passes the view to a function below a component', () => {
  render(
    <AuthProvider client={client}>
      <Authenticated fallback={<p>nobody yet</p>}>{(view) => <p>it is {view.userId}</p>}</Authenticated>
      <AuthLoading fallback={<p>not loading</p>}>loading</AuthLoading>
      <Unauthenticated fallback={<p>not signed out</p>} />
      <AuthFailed fallback={<p>not failed</p>} />
    </AuthProvider>,
  )
  expect(screen.getByText('nobody yet')).toBeTruthy()
  expect(screen.queryByText('not loading')).toBeNull()
  signIn()
  expect(screen.getByText('it is user_ada')).toBeTruthy()
  for (const text of ['not loading', 'not signed out', 'not failed']) expect(screen.getByText(text)).toBeTruthy()
})

it('give the state of the connection', () => {
  const Connection = () => <p>{useAuthConnection()}</p>
  render(
    <AuthProvider client={client}>
      <Connection />
    </AuthProvider>,
  )
  expect(screen.getByText('connecting')).toBeTruthy()
  signIn()
  expect(screen.getByText('live')).toBeTruthy()
  act(() => client.actor.send({ type: 'stream.ended', reason: 'closing' }))
  expect(screen.getByText('live')).toBeTruthy()
  const failure = { code: 'origin-rejected', message: 'No', retryable: false, retryAfter: null } as const
  act(() => client.actor.send({ type: 'stream.failed', failure }))
  expect(screen.getByText('lost')).toBeTruthy()
})

it('give the renewal, the failure and the remedy', async () => {
  function Words() {
    count('words')
    const failure = useAuthError()
    const last = useAuthLastError()
    const degraded = useAuthDegraded()
    return <p>{[useAuthRenewing(), failure?.code, last?.code, degraded?.remedy].map(String).join(', ')}</p>
  }
  render(
    <AuthProvider client={client}>
      <Words />
    </AuthProvider>,
  )
  signIn()
  expect(screen.getByText('false, undefined, undefined, undefined')).toBeTruthy()
  // This expiry is so near that a renewal is due.
  show(signedIn(Date.now() + 5 * second))
  expect(await screen.findByText('true, undefined, undefined, undefined', {}, patience)).toBeTruthy()
  const refuse = (retryable: boolean) =>
    act(() =>
      client.actor.send({
        type: 'stream.failed',
        failure: { code: 'origin-rejected', message: 'no', retryable, retryAfter: null },
      }),
    )
  refuse(true)
  expect(screen.getByText('true, origin-rejected, origin-rejected, undefined')).toBeTruthy()
  const before = { ...renders }
  refuse(true)
  expect(renders).toEqual(before)
  refuse(false)
  expect(
    screen.getByText(/origin-rejected, origin-rejected, List the origin of the page in allowedOrigins/),
  ).toBeTruthy()
  show(signedIn())
  act(() => client.actor.send({ type: 'focus.gained' }))
  show(signedIn())
  expect(screen.getByText('false, undefined, origin-rejected, undefined')).toBeTruthy()
})

it('calls the listener of the last render on each change', () => {
  const heard: string[] = []
  function Listener({ name }: { readonly name: string }) {
    useOnAuthChange(({ view }: AuthChange) => heard.push(`${name} ${view.userId}`))
    return null
  }
  const page = (name: string) => (
    <AuthProvider client={client}>
      <Listener name={name} />
    </AuthProvider>
  )
  const { rerender, unmount } = render(page('first'))
  rerender(page('second'))
  signIn()
  unmount()
  show({ state: 'signedOut', authChecked: true })
  expect(heard).toEqual(['first null', 'second user_ada'])
})

it.each(['a client of its own', 'a client that was given'])(
  'suspends until there is a verdict if the boundary is outside a provider with %s',
  async (whose) => {
    const view = { ...toUncheckedView(Date.now()), channel: 'n.c', rev: 1, ...signedIn() }
    let streams = 0
    const fetch: typeof globalThis.fetch = async (input) => {
      if (!(input as string).includes('/events')) return new Promise(() => {})
      streams += 1
      const text = `event: view\ndata: ${JSON.stringify(view)}\n\n`
      const body = new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode(text)) })
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    }
    const options = { basePath: '/auth', fetch }
    client = createAuthClient(options)
    const useLoading = () => ({ isLoaded: false, getToken: () => Promise.resolve(null) })
    const props = whose === 'a client of its own' ? options : { client }
    const texts = new Set<string>()
    function Who() {
      const { userId } = useWhenChecked()
      texts.add(userId ?? 'nobody')
      return <p>{userId}</p>
    }
    render(
      <Suspense fallback={<p>waiting</p>}>
        {/* oxlint-disable-next-line react/hooks -- it takes the hook of any Clerk package */}
        <AuthProvider useAuth={useLoading} {...props}>
          <Who />
        </AuthProvider>
      </Suspense>,
    )
    expect(screen.getByText('waiting')).toBeTruthy()
    expect(await screen.findByText('user_ada', {}, patience)).toBeTruthy()
    expect([...texts]).toEqual(['user_ada'])
    expect(streams).toBe(1)
  },
)

it('suspends until there is a verdict', async () => {
  const Who = () => <p>{useWhenChecked().userId ?? 'nobody'}</p>
  render(
    <AuthProvider client={client}>
      <Suspense fallback={<p>waiting</p>}>
        <Who />
      </Suspense>
    </AuthProvider>,
  )
  expect(screen.getByText('waiting')).toBeTruthy()
  await act(async () => {
    signIn()
    await new Promise((resolve) => setImmediate(resolve))
  })
  expect(screen.getByText('user_ada')).toBeTruthy()
})

it('shows what a rule allows, and the fallback otherwise', () => {
  const admin = { orgId: 'org_1', orgRole: 'org:admin' }
  render(
    <AuthProvider client={client}>
      <Authenticated role="admin" fallback={<i data-testid="no-role">no</i>}>
        <b data-testid="role">yes</b>
      </Authenticated>
      <Authenticated
        permission="org:invoices:read"
        feature="invoices"
        plan="pro"
        fallback={<i data-testid="no-plan">no</i>}
      >
        {({ userId }) => <b data-testid="plan">{userId}</b>}
      </Authenticated>
      <Authenticated freshness={10} impersonation={false} fallback={<i data-testid="stale">no</i>}>
        <b data-testid="fresh">yes</b>
      </Authenticated>
      <Authenticated role={undefined} plan={undefined} fallback={<i data-testid="absent">no</i>}>
        signed in
      </Authenticated>
    </AuthProvider>,
  )
  const shown = () =>
    ['role', 'no-role', 'plan', 'no-plan', 'fresh', 'stale'].filter((name) => screen.queryByTestId(name) !== null)
  expect(shown()).toEqual(['no-role', 'no-plan', 'stale'])
  expect(screen.getByTestId('absent')).toBeTruthy()
  signIn()
  expect(shown()).toEqual(['no-role', 'no-plan', 'stale'])
  // An absent prop adds no rule.
  expect(screen.getByText('signed in')).toBeTruthy()
  const iat = Date.now() / 1_000
  const o = { id: 'org_1', rol: 'admin', per: 'read', fpm: '1' }
  show({ ...signedIn(), claims: { sub: 'user_ada', iat, o, fea: 'o:invoices', pla: 'u:pro', fva: [1, -1] }, ...admin })
  act(() =>
    client.setIdentity({ isLoaded: true, isSignedIn: true, ...ada, ...admin, getToken: () => new Promise(() => {}) }),
  )
  expect(shown()).toEqual(['role', 'plan', 'fresh'])
  show({ ...signedIn(), claims: { sub: 'user_ada', iat, act: { sub: 'user_support' }, fva: [1, -1] } })
  expect(shown()).toEqual(['no-role', 'no-plan', 'stale'])
})
