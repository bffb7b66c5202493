import type { ReactNode } from 'react'
import { ClerkAuthProvider as Provider } from 'authchart/react/clerk'

const { proxyUrl, clerkJSUrl } = window.pageSettings

/** The provider of the package, told where the Clerk emulator is. */
export function ClerkAuthProvider(props: { readonly publishableKey: string; readonly children: ReactNode }) {
  return <Provider {...props} proxyUrl={proxyUrl} clerkJSUrl={clerkJSUrl} telemetry={false} />
}
