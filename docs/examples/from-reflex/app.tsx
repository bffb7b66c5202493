import { SignInButton, UserButton } from '@clerk/clerk-react'
import { Authenticated, AuthLoading, Unauthenticated, useAuthState } from 'authchart/react'
import { withClerkAuth } from 'authchart/react/clerk'

export function Page() {
  const userId = useAuthState((view) => view.userId)
  const firstName = useAuthState((view) => view.user?.firstName)
  return (
    <>
      <AuthLoading>One moment…</AuthLoading>
      <Unauthenticated>
        <SignInButton />
      </Unauthenticated>
      <Authenticated>
        Hello {firstName ?? userId} <UserButton />
      </Authenticated>
    </>
  )
}

export const createApp = (publishableKey: string) =>
  withClerkAuth(Page, { publishableKey, appearance: { variables: { colorPrimary: '#7c3aed' } }, afterSignOutUrl: '/' })
