import type { ClerkState } from 'authchart/client'
import { AuthProvider, useAuthClient, useAuthState } from 'authchart/react'
import { StrictMode, useEffect, useLayoutEffect, useSyncExternalStore } from 'react'
import { createRoot } from 'react-dom/client'
import type { ToldClerk } from './page-contract.ts'

const toClerk = (told: ToldClerk): ClerkState => ({
  ...told,
  getToken: () => window.askToken(told.sessionId ?? ''),
})

let clerk = toClerk({ isLoaded: false })
const listeners = new Set<() => void>()
window.tellClerk = (told) => {
  clerk = toClerk(told)
  for (const listener of listeners) listener()
}

/** Replaces Clerk's own hook. It returns the state that the test sets. */
function useToldAuth(): ClerkState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => clerk,
  )
}

/** Posts like the page, and tells the test how a token was answered. */
const watchedFetch: typeof fetch = async (input, init) => {
  const response = await fetch(input, init)
  if (typeof init?.body === 'string' && init.body.includes('token.received')) {
    const { code = null } = response.ok ? {} : ((await response.clone().json()) as { code?: string })
    void window.noteAnswer(code)
  }
  return response
}

function Shown() {
  const client = useAuthClient()
  const view = useAuthState()
  useEffect(() => {
    window.conformanceClient = client
  }, [client])
  useLayoutEffect(() => {
    window.shownView = view
  }, [view])
  return <p id="shown">{view.state}</p>
}

// Clerk's token comes when the path says so, however long that takes.
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <AuthProvider useAuth={useToldAuth} fetch={watchedFetch} tokenTimeout={2_000_000_000}>
      <Shown />
    </AuthProvider>
  </StrictMode>,
)
