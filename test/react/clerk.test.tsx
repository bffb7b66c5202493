// oxlint-disable-next-line import/no-unassigned-import -- it loads the code of the client before a test begins
import '../preload-client.ts'
// @vitest-environment happy-dom
import { useAuth as useAuth5 } from '@clerk/clerk-react'
import { useAuth as useAuth6 } from '@clerk/react'
import { cleanup, render, screen } from '@testing-library/react'
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest'
import * as binding5 from '../../react/clerk-react/index.ts'
import * as binding6 from '../../react/clerk/index.ts'
import { useAuthClient, useAuthStatus, type UseAuth } from '../../react/index.ts'

const publishableKey = `pk_test_${btoa('clerk.example.test$')}`
const noStream = () => new Promise<never>(() => {})
afterEach(cleanup)

/** The names that Clerk's React packages use for the props of the original's provider (SEEDS C25). */
type NamesOf<Props> = Props extends infer Each ? (Each extends unknown ? keyof Each : never) : never
type PropNames = NamesOf<binding6.ClerkAuthProviderProps>
type PropNames5 = NamesOf<binding5.ClerkAuthProviderProps>

/** The bindings of the maintained package and of the deprecated one, which have the same shape. */
const bindings = [
  {
    name: '@clerk/react',
    ClerkAuthProvider: binding6.ClerkAuthProvider,
    withClerkAuth: binding6.withClerkAuth,
    useAuth: useAuth6,
  },
  {
    name: '@clerk/clerk-react',
    ClerkAuthProvider: binding5.ClerkAuthProvider,
    withClerkAuth: binding5.withClerkAuth,
    useAuth: useAuth5,
  },
]

it('C25: takes every prop of the original, typed by Clerk', () => {
  expectTypeOf<'afterMultiSessionSingleSignOutUrl'>().toExtend<PropNames>()
  expectTypeOf<'afterSignOutUrl'>().toExtend<PropNames>()
  expectTypeOf<'allowedRedirectOrigins'>().toExtend<PropNames>()
  expectTypeOf<'allowedRedirectProtocols'>().toExtend<PropNames>()
  expectTypeOf<'appearance'>().toExtend<PropNames>()
  expectTypeOf<'domain'>().toExtend<PropNames>()
  expectTypeOf<'isSatellite'>().toExtend<PropNames>()
  expectTypeOf<'nonce'>().toExtend<PropNames>()
  expectTypeOf<'publishableKey'>().toExtend<PropNames>()
  expectTypeOf<'proxyUrl'>().toExtend<PropNames>()
  expectTypeOf<'routerPush'>().toExtend<PropNames>()
  expectTypeOf<'routerReplace'>().toExtend<PropNames>()
  expectTypeOf<'signInFallbackRedirectUrl'>().toExtend<PropNames>()
  expectTypeOf<'signUpFallbackRedirectUrl'>().toExtend<PropNames>()
  expectTypeOf<'signInForceRedirectUrl'>().toExtend<PropNames>()
  expectTypeOf<'signUpForceRedirectUrl'>().toExtend<PropNames>()
  expectTypeOf<'signInUrl'>().toExtend<PropNames>()
  expectTypeOf<'signUpUrl'>().toExtend<PropNames>()
  expectTypeOf<'standardBrowser'>().toExtend<PropNames>()
  expectTypeOf<'supportEmail'>().toExtend<PropNames>()
  expectTypeOf<'telemetry'>().toExtend<PropNames>()
  expectTypeOf<'touchSession'>().toExtend<PropNames>()
  expectTypeOf<'waitlistUrl'>().toExtend<PropNames>()
  expectTypeOf<'localization'>().toExtend<PropNames>()
  expectTypeOf<'initialState'>().toExtend<PropNames>()
  expectTypeOf<'sdkMetadata'>().toExtend<PropNames>()
  expectTypeOf<'selectInitialSession'>().toExtend<PropNames>()
  // Clerk has removed some of these props from React. If they come back, they pass through too.
  expectTypeOf<'clerkJSUrl' | 'clerkJSVariant' | 'clerkJSVersion'>().toExtend<PropNames5>()
  expectTypeOf<'clerkJSUrl'>().not.toExtend<PropNames>()
  expectTypeOf<'dynamic'>().not.toExtend<PropNames>()
  expectTypeOf<'syncHost'>().not.toExtend<PropNames>()
})

it('C23: has no prop for a secret key', () => {
  expectTypeOf<'secretKey'>().not.toExtend<PropNames>()
  expectTypeOf<'secretKey'>().not.toExtend<PropNames5>()
})

it("Clerk's useAuth fits the prop of the provider, of either package", () => {
  expectTypeOf<typeof useAuth6>().toExtend<UseAuth>()
  expectTypeOf<typeof useAuth5>().toExtend<UseAuth>()
})

describe.each(bindings)('for $name', ({ ClerkAuthProvider, withClerkAuth, useAuth }) => {
  it("C23: is Clerk's provider around the synchronizer, which waits for Clerk to load", () => {
    let connection = ''
    function Page() {
      const { isLoaded } = useAuth()
      connection = useAuthClient().connection
      return (
        <p>
          {useAuthStatus()} {String(isLoaded)}
        </p>
      )
    }
    render(
      <ClerkAuthProvider publishableKey={publishableKey} telemetry={false} auth={{ fetch: noStream }}>
        <Page />
      </ClerkAuthProvider>,
    )
    expect(screen.getByText('loading false')).toBeTruthy()
    expect(connection).toBe('connecting')
  })

  it('C24: wraps a whole app, with its props, under a descriptive name', () => {
    const App = ({ title }: { title: string }) => (
      <h1>
        {title}: {useAuthStatus()}
      </h1>
    )
    const Wrapped = withClerkAuth(App, { publishableKey, telemetry: false, auth: { fetch: noStream } })
    expect(Wrapped.displayName).toBe('withClerkAuth(App)')
    render(<Wrapped title="Hello" />)
    expect(screen.getByRole('heading').textContent).toBe('Hello: loading')
  })
})
