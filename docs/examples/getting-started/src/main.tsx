/// <reference types="vite/client" />
import { SignIn, SignOutButton } from '@clerk/react'
import {
  Authenticated,
  AuthFailed,
  AuthLoading,
  Unauthenticated,
  useAuthClient,
  useAuthError,
  useAuthState,
} from 'authchart/react'
import { ClerkAuthProvider } from 'authchart/react/clerk'
import { createRoot } from 'react-dom/client'

function App() {
  return (
    <ClerkAuthProvider
      publishableKey={import.meta.env.VITE_CLERK_PUBLISHABLE_KEY}
      proxyUrl={import.meta.env.VITE_CLERK_PROXY_URL}
    >
      <AuthLoading>One moment…</AuthLoading>
      <Unauthenticated>
        <SignIn routing="hash" />
      </Unauthenticated>
      <Authenticated>
        <Welcome />
      </Authenticated>
      <AuthFailed>
        <Failure />
      </AuthFailed>
    </ClerkAuthProvider>
  )
}

function Welcome() {
  const userId = useAuthState((view) => view.userId)
  return (
    <p>
      The server knows you as {userId}. <SignOutButton />
    </p>
  )
}

function Failure() {
  const client = useAuthClient()
  const error = useAuthError()
  return (
    <p role="alert">
      {error?.message} {error?.remedy} <button onClick={() => client.retry()}>Try again</button> <SignOutButton />
    </p>
  )
}

createRoot(document.getElementById('root')!).render(<App />)
