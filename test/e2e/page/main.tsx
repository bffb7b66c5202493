import { OrganizationSwitcher, SignIn, SignOutButton, UserButton, useAuth } from '@clerk/react'
import {
  AuthFailed,
  AuthLoading,
  Authenticated,
  Unauthenticated,
  useAuthClient,
  useAuthError,
  useAuthState,
} from 'authchart/react'
import { withClerkAuth } from 'authchart/react/clerk'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ClerkRecorder, Shown, ViewRecorder } from './recorder.tsx'
import { toInspectionText } from './to-inspection-text.ts'

const { clerkProps, inspect, hasRouter, apiHost, client } = window.pageSettings
window.inspected = []
window.errors = []

function ClerkFacts() {
  const { isLoaded, isSignedIn, userId, orgId } = useAuth()
  const clerk = isLoaded ? (isSignedIn ? 'signedIn' : 'signedOut') : 'loading'
  return (
    <p id="clerk" data-clerk={clerk} data-user={userId ?? ''} data-org={orgId ?? ''}>
      <ClerkRecorder clerk={clerk} /> Clerk says {clerk}
    </p>
  )
}

function ServerFacts() {
  const view = useAuthState()
  return (
    <p
      id="server"
      data-state={view.state}
      data-signed-in={view.isSignedIn}
      data-user={view.userId ?? ''}
      data-org={view.orgId ?? ''}
      data-error={view.error?.code ?? ''}
    >
      <ViewRecorder /> The server says {view.state}
    </p>
  )
}

function Failure() {
  const error = useAuthError()
  const client = useAuthClient()
  return (
    <p id="error" data-code={error?.code ?? ''}>
      {error?.message} <button onClick={() => client.retry()}>Try again</button> <SignOutButton />
    </p>
  )
}

function App() {
  return (
    <>
      <ClerkFacts />
      <ServerFacts />
      <AuthLoading>
        <Shown status="loading" />
      </AuthLoading>
      <AuthFailed>
        <Shown status="failed" />
        <Failure />
      </AuthFailed>
      <Unauthenticated>
        <Shown status="unauthenticated" />
        <SignIn routing="hash" />
      </Unauthenticated>
      <Authenticated>
        <Shown status="authenticated" />
        <textarea id="draft" />
        <UserButton />
        <OrganizationSwitcher />
      </Authenticated>
    </>
  )
}

const router = {
  routerPush: (to: string) => history.pushState(null, '', to),
  routerReplace: (to: string) => history.replaceState(null, '', to),
}

const AppWithAuth = withClerkAuth(App, {
  ...clerkProps,
  afterSignOutUrl: '/',
  telemetry: false,
  ...(hasRouter && router),
  auth: {
    ...client,
    ...(apiHost && { url: `http://${apiHost}:${location.port}/auth` }),
    ...(inspect && { inspect: (event) => window.inspected.push(toInspectionText(event)) }),
    onError: ({ code }) => window.errors.push(code),
  },
})

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <AppWithAuth />
  </StrictMode>,
)
