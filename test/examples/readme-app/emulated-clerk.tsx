import type { ReactNode } from 'react'
import { ClerkAuthProvider as Provider } from 'authchart/react/clerk'

const { clerkProps } = window.pageSettings

/** The provider of the package, told where the Clerk emulator is. */
export function ClerkAuthProvider({ children }: { readonly children: ReactNode }) {
  return (
    <Provider {...clerkProps} telemetry={false}>
      {children}
    </Provider>
  )
}
