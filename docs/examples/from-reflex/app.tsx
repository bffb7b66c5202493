import { SignInButton, SignOutButton, UserButton } from '@clerk/react'
import {
  Authenticated,
  AuthFailed,
  AuthLoading,
  Unauthenticated,
  useAuthClient,
  useAuthError,
  useAuthState,
} from 'authchart/react'
import { withClerkAuth } from 'authchart/react/clerk'

export function Page() {
  const userId = useAuthState((view) => view.userId)
  const firstName = useAuthState((view) => view.user?.firstName)
  const client = useAuthClient()
  const error = useAuthError()
  return (
    <>
      <AuthLoading>One moment…</AuthLoading>
      <Unauthenticated>
        <SignInButton />
      </Unauthenticated>
      <Authenticated>
        Hello {firstName ?? userId} <UserButton />
      </Authenticated>
      <AuthFailed>
        {error?.message} <button onClick={() => client.retry()}>Try again</button> <SignOutButton />
      </AuthFailed>
    </>
  )
}

export const createApp = (publishableKey: string) =>
  withClerkAuth(Page, { publishableKey, appearance: { variables: { colorPrimary: '#7c3aed' } }, afterSignOutUrl: '/' })
