import { SignIn, SignOutButton } from '@clerk/react'
import { AuthFailed, AuthLoading, Authenticated, Unauthenticated, useAuthClient, useAuthError } from 'authchart/react'
import type { DemoConfig } from './demo-api.ts'
import { QuickSignIn } from './quick-sign-in.tsx'
import { Term } from './terms/term.tsx'

/** Shows the session as an app would. It follows the server and not Clerk. */
export function SessionCard({ user }: { user: DemoConfig['user'] }) {
  const client = useAuthClient()
  const error = useAuthError()
  return (
    <section className="card session" aria-labelledby="session-title">
      <h2 id="session-title" className="visually-hidden">
        Your session
      </h2>
      <AuthLoading>
        <p className="session-line">
          <span className="spinner" aria-hidden="true" /> Finding out who you are …
        </p>
      </AuthLoading>
      <Authenticated>
        <p className="session-line" data-testid="authenticated">
          <span className="dot" data-tone="signedIn" aria-hidden="true" /> The server knows you.
          <SignOutButton redirectUrl="/">
            <button type="button">Sign out</button>
          </SignOutButton>
        </p>
      </Authenticated>
      <AuthFailed>
        <p className="session-line" role="alert">
          <span className="dot" data-tone="error" aria-hidden="true" />
          <span>Server and Clerk do not agree who you are. {error && <Term name={error.code} />}</span>
          <button type="button" onClick={() => client.retry()}>
            Try again
          </button>
          <SignOutButton redirectUrl="/">
            <button type="button">Sign out</button>
          </SignOutButton>
        </p>
      </AuthFailed>
      <Unauthenticated>
        {user && <QuickSignIn user={user} />}
        <SignIn routing="hash" fallbackRedirectUrl="/" initialValues={user ? { emailAddress: user.email } : {}} />
      </Unauthenticated>
    </section>
  )
}
