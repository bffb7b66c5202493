// oxlint-disable-next-line import/no-unassigned-import -- it puts a page in place, before React looks for one
import '../react/dom.ts'
// oxlint-disable-next-line import/no-unassigned-import -- it loads the code of the client before a test begins
import '../preload-client.ts'
import { useAuth, useClerk } from '@clerk/clerk-react'
import { cleanup, render, screen } from '@testing-library/react'
import { useEffect } from 'react'
import { afterEach, expect, expectTypeOf, it } from 'vitest'
import { ClerkAuthProvider, withClerkAuth, type ClerkAuthProviderProps } from '../../react/clerk-react/index.ts'
import { useAuthClient, useAuthStatus } from '../../react/index.ts'

const publishableKey = `pk_test_${btoa('clerk.example.test$')}`
const auth = { fetch: () => new Promise<never>(() => {}) }
afterEach(cleanup)

function Page({ name = 'page' }: { name?: string }) {
  return (
    <p>
      {name}: {useAuthStatus()}, Clerk {useAuth().isLoaded ? 'loaded' : 'loading'}
    </p>
  )
}

it("C23 the provider is Clerk's own around the synchronizer, and has no prop for a secret key", () => {
  expectTypeOf<'secretKey'>().not.toExtend<keyof ClerkAuthProviderProps>()
  render(
    <ClerkAuthProvider publishableKey={publishableKey} telemetry={false} auth={auth}>
      <Page />
    </ClerkAuthProvider>,
  )
  expect(screen.getByText('page: loading, Clerk loading')).toBeTruthy()
})

it('C24 withClerkAuth wraps a whole app, which keeps its props', () => {
  const App = withClerkAuth(Page, { publishableKey, telemetry: false, auth })
  render(<App name="app" />)
  expect(screen.getByText('app: loading, Clerk loading')).toBeTruthy()
})

/** Every prop of the original under Clerk's name, each with a recognisable value, and the four that it never had. */
const props = {
  afterMultiSessionSingleSignOutUrl: '/others',
  afterSignOutUrl: '/bye',
  allowedRedirectOrigins: ['https://other.example.test'],
  allowedRedirectProtocols: ['app:'],
  appearance: { variables: { colorPrimary: '#123456' } },
  clerkJSUrl: 'https://cdn.example.test/clerk.js',
  clerkJSVariant: 'headless',
  clerkJSVersion: '5.0.0',
  domain: 'satellite.example.test',
  isSatellite: true,
  nonce: 'n0nce',
  publishableKey,
  proxyUrl: 'https://app.example.test/__clerk',
  routerPush: () => undefined,
  routerReplace: () => undefined,
  signInFallbackRedirectUrl: '/in',
  signUpFallbackRedirectUrl: '/up',
  signInForceRedirectUrl: '/in!',
  signUpForceRedirectUrl: '/up!',
  signInUrl: '/sign-in',
  signUpUrl: '/sign-up',
  standardBrowser: true,
  supportEmail: 'help@example.test',
  telemetry: false,
  touchSession: false,
  waitlistUrl: '/wait',
  localization: { locale: 'de-DE' },
  sdkMetadata: { name: 'seeds', version: '1' },
  selectInitialSession: () => null,
} as const satisfies Partial<Record<keyof ClerkAuthProviderProps, unknown>>

it('C25 every prop of Clerk’s provider passes through to Clerk, and ours does not', () => {
  let seen: Record<string, unknown> = {}
  function Spy() {
    const clerk = useClerk()
    useEffect(() => {
      // The options with which Clerk itself was created. Its object keeps them, but its types do not show them.
      seen = (clerk as unknown as { options: Record<string, unknown> }).options
    })
    return <b>{useAuthClient().actor.getSnapshot().context.tab}</b>
  }
  render(
    <ClerkAuthProvider {...(props as unknown as ClerkAuthProviderProps)} initialState={{} as never} auth={auth}>
      <Spy />
    </ClerkAuthProvider>,
  )
  expect(seen).toMatchObject(props)
  expect(Object.keys(seen)).not.toContain('auth')
})
