// oxlint-disable-next-line import/no-unassigned-import -- it puts a page in place, before React looks for one
import '../react/dom.ts'
// oxlint-disable-next-line import/no-unassigned-import -- it loads the code of the client before a test begins
import '../preload-client.ts'
import { act, cleanup, render } from '@testing-library/react'
import { StrictMode } from 'react'
import { afterEach, expect, it } from 'vitest'
import { waitFor } from 'xstate'
import type { AuthClient } from '../../adapters/browser/index.ts'
import { createInspector } from '../../adapters/inspector/index.ts'
import { AuthProvider, useAuthClient } from '../../react/index.ts'
import { createBrowser } from '../client/browser.ts'
import { mintToken, startServer } from '../client/real-server.ts'

const ada = { userId: 'user_ada', sessionId: 'sess_1', orgId: null, orgRole: null }
const useAuth = () => ({ isLoaded: true, isSignedIn: true, ...ada, getToken: () => mintToken(ada) })

afterEach(cleanup)

it('a page in StrictMode shows one actor, although React makes two clients', async () => {
  const server = await startServer()
  const browser = createBrowser(server.origin)
  const inspector = createInspector()
  const clients = new Set<AuthClient>()
  function Page() {
    const client = useAuthClient()
    clients.add(client)
    return null
  }
  render(
    <StrictMode>
      <AuthProvider useAuth={useAuth} fetch={browser.fetch} inspect={inspector.inspect}>
        <Page />
      </AuthProvider>
    </StrictMode>,
  )
  const [client] = clients
  await act(() => waitFor(client!.actor, (snapshot) => snapshot.matches({ session: 'confirmed' })))
  expect(clients.size).toBe(1)

  const shown = inspector.sessions()
  expect(shown.map(({ machine }) => machine)).toEqual(['sync'])
  expect(shown[0]?.key).toBe(client!.actor.sessionId)
  expect(shown[0]?.value).toEqual({ stream: 'open', poll: 'off', session: 'confirmed' })
  // The events before the start of the actor are listed too.
  expect(inspector.steps(shown[0]!.key)[0]?.event.type).toBe('xstate.init')
  await server.close()
})
