import { SignIn, SignOutButton, useAuth } from '@clerk/tanstack-react-start'
import type { AuthView } from 'authchart'
import { AuthLoading, AuthProvider, Authenticated, Unauthenticated, useAuthState } from 'authchart/react'

export function App({ initialView }: { readonly initialView: AuthView }) {
  return (
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
  )
}

function Greeting() {
  const userId = useAuthState((view) => view.userId)
  return <p id="who">{userId}</p>
}
