import {
  AuthFailed,
  AuthLoading,
  AuthProvider,
  Authenticated,
  Unauthenticated,
  useAuthConnection,
  useAuthError,
  useAuthState,
  useWhenChecked,
} from 'authchart/react'
import { StrictMode, Suspense } from 'react'
import { createRoot } from 'react-dom/client'

// The element carries the settings, because a page with a strict policy has no inline script.
const root = document.getElementById('root')!
const { api, user: userId = '', session: sessionId = '' } = root.dataset

const violations: string[] = []
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) => {
  violations.push(`${violatedDirective} ${blockedURI} ${sample}`)
})
Object.assign(window, { violations })

const ada = {
  isLoaded: true,
  isSignedIn: true,
  userId,
  sessionId,
  orgId: null,
  orgRole: null,
  getToken: async () => (await fetch(`${api ?? ''}/token`)).text(),
}

function Facts() {
  const error = useAuthError()
  const connection = useAuthConnection()
  const isSignedIn = useAuthState((view) => view.isSignedIn)
  return (
    <p id="facts" data-code={error?.code ?? ''} data-connection={connection}>
      {isSignedIn ? 'signed in' : 'nobody'}
    </p>
  )
}

const Checked = () => <p id="checked">{useWhenChecked().state}</p>

createRoot(root).render(
  <StrictMode>
    <AuthProvider useAuth={() => ada} {...(api !== undefined && { url: `${api}/auth` })}>
      <Facts />
      <Suspense fallback="…">
        <Checked />
      </Suspense>
      <AuthLoading>
        <p data-shown="loading" />
      </AuthLoading>
      <Authenticated>{(view) => <p data-shown="authenticated">{view.userId}</p>}</Authenticated>
      <Unauthenticated>
        <p data-shown="unauthenticated" />
      </Unauthenticated>
      <AuthFailed>
        <p data-shown="failed" />
      </AuthFailed>
    </AuthProvider>
  </StrictMode>,
)
