// oxlint-disable-next-line import/no-unassigned-import -- it loads the code of the client before a test begins
import '../preload-client.ts'
import { afterEach, expect, it } from 'vitest'
import { waitFor } from 'xstate'
import { createAuthClient, type AuthClient, type ClerkState } from '../../adapters/browser/index.ts'
import { createBrowser } from './browser.ts'
import { mintToken, startServer } from './real-server.ts'

const ada = { userId: 'user_ada', sessionId: 'sess_1', orgId: null, orgRole: null }
const signedIn: ClerkState = { isLoaded: true, isSignedIn: true, ...ada, getToken: () => mintToken(ada) }
const signedOut: ClerkState = { isLoaded: true, isSignedIn: false, getToken: () => Promise.resolve(null) }

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

async function openClient() {
  const server = await startServer()
  cleanups.push(() => server.close())
  const client = createAuthClient({ fetch: createBrowser(server.origin).fetch, random: () => 0, retries: 0 })
  cleanups.push(() => client.stop())
  return client
}

const toShown = ({ view, status, connection, error, lastError, degraded, isRenewing }: AuthClient) =>
  ({ view, status, connection, error, lastError, degraded, isRenewing }) as const

type Shown = ReturnType<typeof toShown>

const isSame = (a: Shown, b: Shown | undefined) =>
  b !== undefined && Object.keys(a).every((key) => a[key as keyof Shown] === b[key as keyof Shown])

/** Records every value of the client that differs from the one before, as the snapshots of its actor change. */
function recordByActor(client: AuthClient): Shown[] {
  const shown: Shown[] = [toShown(client)]
  client.actor.subscribe(() => {
    const next = toShown(client)
    if (!isSame(next, shown.at(-1))) shown.push(next)
  })
  return shown
}

it('tells a subscriber of each change of anything that the client shows, and of nothing else', async () => {
  const client = await openClient()
  const byActor = recordByActor(client)
  const bySubscriber: Shown[] = [toShown(client)]
  client.subscribe(() => bySubscriber.push(toShown(client)))

  client.start()
  client.setIdentity(signedIn)
  await waitFor(client.actor, (snapshot) => snapshot.matches({ session: 'confirmed', stream: 'open' }))
  client.setIdentity(signedOut)
  await waitFor(client.actor, (snapshot) => snapshot.matches({ session: 'signedOut' }))
  client.setIdentity({ ...signedIn, getToken: () => Promise.reject(new Error('no token')) })
  await waitFor(client.actor, (snapshot) => snapshot.matches({ session: 'degraded' }))

  expect(bySubscriber).toEqual(byActor)
  const isOneView = (index: number) => bySubscriber[index]?.view === bySubscriber[index - 1]?.view
  const seen = (name: keyof Shown) =>
    bySubscriber.some(
      (shown, index) => index > 0 && isOneView(index) && shown[name] !== bySubscriber[index - 1]?.[name],
    )
  // There is no new view, so a subscriber that only hears of views would have missed these changes.
  expect([seen('status'), seen('error'), seen('degraded')]).toEqual([true, true, true])
})

it('gives the view to the subscriber, and ends with the function that it returns', async () => {
  const client = await openClient()
  const views: unknown[] = []
  const end = client.subscribe((view) => views.push(view))
  client.start()
  client.setIdentity(signedIn)
  await waitFor(client.actor, () => client.status === 'authenticated')
  expect(views.at(-1)).toBe(client.view)
  end()
  const told = views.length
  client.setIdentity(signedOut)
  await waitFor(client.actor, () => client.status === 'unauthenticated')
  expect(views).toHaveLength(told)
})
