import type { AuthView, ClerkState } from 'authchart/client'
import { Authenticated, AuthLoading, AuthProvider, useAuthClient, useAuthState } from 'authchart/react'
import { Suspense, useEffect, useMemo, type ReactNode } from 'react'

/** The settings that the server gives the hydrated page. */
export interface HydrationSettings {
  /** How the component above the boundary reads the view. */
  readonly reads: 'whole' | 'part' | 'memo'
  readonly initialView?: AuthView
}

/** Stands in for a Clerk that is still loading, because Clerk takes longer than hydration. */
const useLoadingClerk = (): ClerkState => ({ isLoaded: false, getToken: () => new Promise(() => {}) })

function Expose() {
  const client = useAuthClient()
  useEffect(() => {
    window.authClient = client
  }, [client])
  return null
}

interface BoundaryProps {
  readonly userId: string | null
  readonly children: ReactNode
}

function Boundary({ userId, children }: BoundaryProps) {
  return (
    <main>
      <b>{userId ?? 'nobody'}</b>
      <Suspense fallback={<i>fallback</i>}>{children}</Suspense>
    </main>
  )
}

function Whole({ children }: { readonly children: ReactNode }) {
  const view = useAuthState()
  return <Boundary userId={view.userId}>{children}</Boundary>
}

function Part({ children }: { readonly children: ReactNode }) {
  const userId = useAuthState((view) => view.userId)
  return <Boundary userId={userId}>{children}</Boundary>
}

/** Creates the boundary again only when the user changes, as the React Compiler writes it. */
function Memo({ children }: { readonly children: ReactNode }) {
  const userId = useAuthState((view) => view.userId)
  return useMemo(() => <Boundary userId={userId}>{children}</Boundary>, [userId, children])
}

const pages = { whole: Whole, part: Part, memo: Memo }

/** The content of the slow boundary. It reads the view too. */
export function Inside() {
  const userId = useAuthState((view) => view.userId)
  return (
    <p>
      <u>{userId ?? 'nobody'}</u>
      <Authenticated fallback="out">in</Authenticated>
      <AuthLoading>loading</AuthLoading>
    </p>
  )
}

/** The whole document. The server and the browser render it alike, except for the content of the boundary. */
export function HydratedDocument({
  reads,
  initialView,
  children,
}: HydrationSettings & { readonly children: ReactNode }) {
  const Page = pages[reads]
  return (
    <html lang="en">
      <head>
        <title>App</title>
        <link rel="icon" href="data:," />
      </head>
      <body>
        {/* oxlint-disable-next-line react/hooks -- it takes the hook of any Clerk package */}
        <AuthProvider useAuth={useLoadingClerk} {...(initialView && { initialView })}>
          <Expose />
          <Page>{children}</Page>
        </AuthProvider>
      </body>
    </html>
  )
}
