// oxlint-disable-next-line import/no-unassigned-import -- it loads the code of the client before a test begins
import '../preload-client.ts'
import { createAuthClient } from 'authchart/client'
import { createAuthSignal } from 'authchart/solid'
import { createRoot } from 'solid-js'
import { expect, it } from 'vitest'
import { quiet, signedOutAtClerk } from './client.ts'

it('is a signal of Solid, which follows the client until its owner is disposed of', () => {
  const client = createAuthClient(quiet)
  const { auth, dispose } = createRoot((dispose) => ({ auth: createAuthSignal(client), dispose }))
  expect(auth().status).toBe('loading')
  client.start()
  client.setIdentity(signedOutAtClerk)
  expect(auth()).toMatchObject({ status: 'unauthenticated', view: { state: 'signedOut' } })
  dispose()
  client.stop()
  client.setIdentity({ ...signedOutAtClerk, isLoaded: false })
  expect(auth().status).toBe('unauthenticated')
})
