import { ClerkAuthProvider as Provider } from 'authchart/react/clerk'
import type { ReactNode } from 'react'

const { clerkProps } = window.pageSettings

/** The provider of the package with the address of the Clerk emulator. */
export function ClerkAuthProvider({ children }: { readonly children: ReactNode }) {
  return (
    <Provider {...clerkProps} telemetry={false}>
      {children}
    </Provider>
  )
}
