// oxlint-disable-next-line import/no-unassigned-import -- it loads the code of the client before a test begins
import '../preload-client.ts'
import type { useAuth as useAuth5 } from '@clerk/clerk-react'
import type { useAuth } from '@clerk/react'
import { expect, expectTypeOf, it } from 'vitest'
import { createAuthClient, type ClerkState } from '../../adapters/browser/index.ts'

it('accepts the result of useAuth', () => {
  expectTypeOf<ReturnType<typeof useAuth>>().toExtend<ClerkState>()
  expectTypeOf<ReturnType<typeof useAuth5>>().toExtend<ClerkState>()
})

it('treats a pending Clerk session as signed out, even if useAuth counts it as signed in', () => {
  const client = createAuthClient({ fetch: () => new Promise(() => {}) })
  client.start()
  const told = () => client.actor.getSnapshot().context.identity
  const state = {
    isLoaded: true,
    isSignedIn: true,
    userId: 'user_1',
    sessionId: 'sess_1',
    getToken: () => Promise.resolve('token'),
  }
  client.setIdentity({ ...state, sessionClaims: { sts: 'pending' } })
  expect(told()).toBeNull()
  // The end of a task such as a new password changes nothing else.
  client.setIdentity({ ...state, sessionClaims: { sts: 'active' } })
  expect(told()).toMatchObject({ userId: 'user_1', sessionId: 'sess_1' })
  client.stop()
})
