import { ClerkProvider, SignIn, SignOutButton, useAuth } from '@clerk/react'
import type { AuthView } from 'authchart'
import { AuthLoading, AuthProvider, Authenticated, Unauthenticated, useAuthState } from 'authchart/react'

interface Props {
  readonly publishableKey: string
  readonly initialView: AuthView
}

export function App({ publishableKey, initialView }: Props) {
  return (
    <ClerkProvider publishableKey={publishableKey}>
      <AuthProvider useAuth={useAuth} initialView={initialView}>
        <AuthLoading>One moment…</AuthLoading>
        <Unauthenticated>
          <SignIn routing="hash" />
        </Unauthenticated>
        <Authenticated>
          <Greeting />
          <SignOutButton />
        </Authenticated>
      </AuthProvider>
    </ClerkProvider>
  )
}

function Greeting() {
  const userId = useAuthState((view) => view.userId)
  return <p id="who">{userId}</p>
}
