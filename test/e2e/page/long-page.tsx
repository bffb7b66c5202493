import { createAuthClient, type AuthClientOptions, type ClerkState } from 'authchart/client'
import {
  Authenticated,
  AuthProvider,
  useAuthClient,
  useAuthConnection,
  useAuthRenewing,
  useAuthState,
} from 'authchart/react'
import { createRoot } from 'react-dom/client'

const { userId, sessionId, isReact } = window.longSettings
window.renewals = 0

const options: AuthClientOptions = {
  // With this value a renewal comes exactly 15 s before the expiry, and not up to 2 s earlier or later.
  random: () => 0.5,
  // This is a quarter of the server's ping interval: time passes from renewal to renewal, and a stream must not seem
  // silent meanwhile.
  pingInterval: 60_000,
  fetch: async (input, init) => {
    const response = await fetch(input, init)
    if (init?.method === 'POST') window.renewals += 1
    return response
  },
}
const clerk: ClerkState = {
  isLoaded: true,
  isSignedIn: true,
  userId,
  sessionId,
  getToken: async () => (await fetch('/token', { cache: 'no-store' })).text(),
}
const useClerk = () => clerk

function Facts() {
  window.authClient = useAuthClient()
  const view = useAuthState()
  const isRenewing = useAuthRenewing()
  return (
    <p>
      {useAuthConnection()} {String(isRenewing)} {view.state} {view.expiresAt}
    </p>
  )
}

function start() {
  if (isReact) {
    createRoot(document.body).render(
      // oxlint-disable-next-line react/hooks -- it takes the hook of any Clerk package
      <AuthProvider useAuth={useClerk} {...options}>
        <Facts />
        <Authenticated>{(view) => <b>{view.userId}</b>}</Authenticated>
      </AuthProvider>,
    )
    return
  }
  const client = createAuthClient(options)
  window.authClient = client
  client.subscribe(() => {})
  client.setIdentity(clerk)
  client.start()
}
start()
