'use client'

import { ClerkProvider, useAuth } from '@clerk/nextjs'
import type { AuthView } from 'authchart'
import { AuthProvider } from 'authchart/react'
import type { ReactNode } from 'react'

export function Providers({ initialView, children }: { initialView: AuthView; children: ReactNode }) {
  return (
    <ClerkProvider>
      <AuthProvider useAuth={useAuth} initialView={initialView}>
        {children}
      </AuthProvider>
    </ClerkProvider>
  )
}
