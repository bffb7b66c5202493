// oxlint-disable-next-line import/no-unassigned-import -- it loads the code of the client before a test begins
import '../preload-client.ts'
import type { BrowserClerk as BrowserClerk5 } from '@clerk/clerk-react'
import type { BrowserClerk } from '@clerk/react'
import { expect, expectTypeOf, it } from 'vitest'
import { bindClerk, createAuthClient, type ClerkLike, type ClerkResourcesLike } from '../../adapters/browser/index.ts'

it("takes Clerk's own object", () => {
  expectTypeOf<BrowserClerk>().toExtend<ClerkLike>()
  expectTypeOf<BrowserClerk5>().toExtend<ClerkLike>()
})

it("gives the client Clerk's state until it is unbound", () => {
  const listeners = new Set<(resources: ClerkResourcesLike) => void>()
  const clerk: ClerkLike = {
    loaded: true,
    addListener(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const tell = (resources: ClerkResourcesLike) => listeners.forEach((listener) => listener(resources))
  const client = createAuthClient({ fetch: () => new Promise(() => {}) })
  client.start()
  const stop = bindClerk(client, clerk)
  const told = () => {
    const { isClerkLoaded, identity } = client.actor.getSnapshot().context
    return isClerkLoaded ? identity : 'loading'
  }
  const session = { id: 'sess_1', status: 'active', getToken: () => Promise.resolve('token') }
  const memberships = [{ organization: { id: 'org_1' }, role: 'org:admin' }]
  const user = { id: 'user_1', organizationMemberships: memberships }

  tell({ session: undefined, user: undefined })
  expect(told()).toBe('loading')
  tell({ session, user, organization: { id: 'org_1' } })
  expect(told()).toEqual({ userId: 'user_1', sessionId: 'sess_1', orgId: 'org_1', orgRole: 'org:admin' })
  tell({ session, user, organization: null })
  expect(told()).toEqual({ userId: 'user_1', sessionId: 'sess_1', orgId: null, orgRole: null })
  tell({ session: { ...session, status: 'pending' }, user })
  expect(told()).toBeNull()
  tell({ session, user })
  tell({ session: null, user: null })
  expect(told()).toBeNull()
  stop()
  expect(listeners.size).toBe(0)
  client.stop()
})
