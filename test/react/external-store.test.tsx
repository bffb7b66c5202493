// oxlint-disable-next-line import/no-unassigned-import -- it loads the code of the client before a test begins
import '../preload-client.ts'
// @vitest-environment happy-dom
import { act, cleanup, render, screen } from '@testing-library/react'
import { useSyncExternalStore } from 'react'
import { afterEach, expect, it } from 'vitest'
import { createAuthClient } from '../../adapters/browser/index.ts'
import { toUncheckedView } from '../../machines/index.ts'

afterEach(cleanup)

it('the client fits useSyncExternalStore, also where its status changes and its view does not', () => {
  const initialView = { ...toUncheckedView(Date.now()), state: 'signedOut', authChecked: true } as const
  const client = createAuthClient({ fetch: () => new Promise(() => {}), initialView })
  const Status = () => <p>{useSyncExternalStore(client.subscribe, () => client.status)}</p>
  render(<Status />)
  expect(screen.getByText('loading')).toBeTruthy()
  const { view } = client
  act(() => {
    client.start()
    client.setIdentity({ isLoaded: true, isSignedIn: false, getToken: () => Promise.resolve(null) })
  })
  expect(client.view).toBe(view)
  expect(screen.getByText('unauthenticated')).toBeTruthy()
  client.stop()
})
