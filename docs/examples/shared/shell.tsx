import { SignIn, SignOutButton, UserButton } from '@clerk/react'
import { Authenticated, AuthFailed, AuthLoading, Unauthenticated, useAuthClient, useAuthError } from 'authchart/react'
import { ClerkAuthProvider } from 'authchart/react/clerk'
import type { ReactNode } from 'react'
import { createRoot } from 'react-dom/client'

/** The props of Clerk's provider, which the build puts in. */
declare const CLERK: { publishableKey: string }

/** Shows the content to the user whom the server knows, and the sign-in page to everybody else. */
export function startPage(title: string, content: ReactNode): void {
  createRoot(document.getElementById('root')!).render(
    <ClerkAuthProvider {...CLERK}>
      <AuthLoading>One moment…</AuthLoading>
      <Unauthenticated>
        <SignIn routing="hash" />
      </Unauthenticated>
      <Authenticated>
        <header>
          <h1>{title}</h1>
          <UserButton />
          <SignOutButton />
        </header>
        {content}
      </Authenticated>
      <AuthFailed>
        <Failure />
      </AuthFailed>
    </ClerkAuthProvider>,
  )
}

function Failure() {
  const client = useAuthClient()
  const error = useAuthError()
  return (
    <p role="alert">
      {error?.message} <button onClick={() => client.retry()}>Try again</button> <SignOutButton />
    </p>
  )
}
