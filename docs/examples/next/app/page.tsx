'use client'

import { SignIn, SignOutButton } from '@clerk/nextjs'
import { Authenticated, AuthFailed, AuthLoading, Unauthenticated, useAuthState } from 'authchart/react'

export default function Page() {
  return (
    <>
      <AuthLoading>One moment…</AuthLoading>
      <Unauthenticated>
        <SignIn routing="hash" />
      </Unauthenticated>
      <Authenticated>
        <Welcome />
      </Authenticated>
      <AuthFailed>
        The server cannot say who you are. <SignOutButton />
      </AuthFailed>
    </>
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
