'use client'

import { ClerkProvider, useAuth } from '@clerk/nextjs'
import { AuthLoading, AuthProvider, Authenticated } from 'authchart/react'

/** A page without `initialView`, which Next renders when it builds the app. */
export default function Page() {
  return (
    <ClerkProvider>
      <AuthProvider useAuth={useAuth}>
        <AuthLoading>One moment…</AuthLoading>
        <Authenticated>Welcome</Authenticated>
      </AuthProvider>
    </ClerkProvider>
  )
}
